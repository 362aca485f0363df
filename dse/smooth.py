"""Rounding that is right in float32 and still has a useful gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jax.typing import ArrayLike

from dse.arrays import Number
from dse.traced_once import traced_once

FORGIVEN = 4  # spacings of floating-point numbers


def with_slope(value: Array, smooth: Array) -> Array:
    """Return `value`, which changes as `smooth` does: a step with the slope of a line.

    One shape, one kind of float; units: those of both.
    """
    found: Array = _with_slope.bind(value, smooth)
    return found


def _push(numbers: Any, tangents: Any) -> Any:
    _, along = tangents
    value = _with_slope.bind(*numbers)
    return value, ad.instantiate_zeros(along)  # type: ignore[no-untyped-call]


_with_slope: Any = Primitive("with_slope")
_with_slope.def_impl(lambda value, _: value)
_with_slope.def_abstract_eval(lambda value, _: value)
ad.primitive_jvps[_with_slope] = _push
batching.defbroadcasting(_with_slope)  # type: ignore[no-untyped-call]
mlir.register_lowering(_with_slope, lambda _, value, __: [value])


@traced_once()
def ceil(x: ArrayLike) -> Array:
    """Round up to a whole number; the gradient is that of `x` itself.

    A value that rounding has lifted over a whole number, by up to four spacings of its
    kind of float, counts as that number, so that a product that should be exactly 192
    is not taken for 193. Shapes: any; units: those of `x`.
    """
    (x,) = _floats(x)
    still = lower = jax.lax.stop_gradient(x)
    for _ in range(FORGIVEN):
        lower = jnp.nextafter(lower, jnp.full_like(still, -jnp.inf))
    # Rounded as well: a spacing may be 1/4 or more, and four of them a whole number.
    return with_slope(jnp.maximum(jnp.ceil(lower), jnp.round(still)), x)


@traced_once()
def ceil_div(a: ArrayLike, b: ArrayLike) -> Array:
    """Count the pieces of size `b` that cover `a`: the least whole n with n*b >= a.

    `a` and `b` hold whole numbers (`a` below 2^22 in float32); the gradient is that of
    the plain quotient a/b. XLA replaces a division by a constant with a product, which
    makes `ceil(21/7)` 4 in float32; asking for the ceiling of (a - 1/2)/b is exact.
    Shapes: any, broadcast; unit: 1.
    """
    a, b = _floats(a, b)
    still, by = jax.lax.stop_gradient((a, b))
    return with_slope(jnp.ceil((still - 0.5) / by), a / b)


def _floats(*numbers: ArrayLike) -> list[Array]:
    """Return numbers as floats of one width, at least float32."""
    width = jnp.promote_types(jnp.result_type(float, *numbers), jnp.float32)
    return [jnp.asarray(number, width) for number in numbers]


@traced_once("knots")
def log_interpolate(
    x: ArrayLike, knots: tuple[float, ...], values: Sequence[Number]
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
