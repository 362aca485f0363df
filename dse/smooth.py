"""Rounding that is right in float32 and still has a useful gradient."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

FORGIVEN = 4  # spacings of floating-point numbers


def ceil(x: ArrayLike) -> Array:
    """Round up to a whole number; the gradient is that of `x` itself.

    A value that rounding has lifted over a whole number, by up to four spacings of its
    kind of float, counts as that number, so that a product that should be exactly 192
    is not taken for 193. Shapes: any; units: those of `x`.
    """
    (x,) = _floats(x)
    return _ceil(x)


@jax.custom_jvp
def _ceil(x: Array) -> Array:
    lower = x
    for _ in range(FORGIVEN):
        lower = jnp.nextafter(lower, jnp.full_like(x, -jnp.inf))
    return jnp.maximum(jnp.ceil(lower), jnp.round(x))  # where a spacing is 1/4 or more


@_ceil.defjvp
def _ceil_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return _ceil(*primals), tangents[0]


def ceil_div(a: ArrayLike, b: ArrayLike) -> Array:
    """Count the pieces of size `b` that cover `a`: the least whole n with n*b >= a.

    `a` and `b` hold whole numbers (`a` below 2^22 in float32); the gradient is that of
    the plain quotient a/b. XLA replaces a division by a constant with a product, which
    makes `ceil(21/7)` 4 in float32; asking for the ceiling of (a - 1/2)/b is exact.
    Shapes: any, broadcast; unit: 1.
    """
    return _ceil_div(*_floats(a, b))


@jax.custom_jvp
def _ceil_div(a: Array, b: Array) -> Array:
    return jnp.ceil((a - 0.5) / b)


@_ceil_div.defjvp
def _ceil_div_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (a, b), (da, db) = primals, tangents
    return _ceil_div(a, b), (da - a / b * db) / b


def _floats(*numbers: ArrayLike) -> list[Array]:
    """Return numbers as floats of one width, at least float32."""
    width = jnp.promote_types(jnp.result_type(float, *numbers), jnp.float32)
    return [jnp.asarray(number, width) for number in numbers]


@partial(jax.jit, static_argnames="knots")  # traced once for all that ask
def log_interpolate(
    x: ArrayLike, knots: tuple[float, ...], values: list[Array]
) -> Array:
    """Interpolate between (knot, value) pairs on log-log axes; end slopes go on.

    Through the knots (to rounding), differentiable between them, positive everywhere:
    the form in which area and power of a unit are known at two or three sizes only.
    Shapes: `x` any; one value per knot; units: those of the values.
    """
    x = jnp.asarray(x)
    pieces: list[tuple[Any, Any, Any]] = []  # value and place of a knot, slope
    for i in range(len(knots) - 1):
        slope = jnp.log(values[i + 1] / values[i]) / jnp.log(knots[i + 1] / knots[i])
        pieces.append((values[i], knots[i], slope))
    value, start, slope = pieces[-1]  # chosen before the one power, which is costly
    for knot, piece in zip(reversed(knots[1:-1]), reversed(pieces[:-1]), strict=True):
        value, start, slope = (
            jnp.where(x <= knot, own, other)
            for own, other in zip(piece, (value, start, slope), strict=True)
        )
    found: Array = value * jnp.power(x / start, slope)
    return found
