"""Quantiles of the normal distribution, of operations that every JAX has."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

_MIDDLE = (  # up to 0.425 from 1/2: over and under the line, lowest power first
    (
        *(3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3),
        *(1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4),
        *(3.3430575583588128105e4, 2.5090809287301226727e3),
    ),
    (
        *(1.0, 4.2313330701600911252e1, 6.8718700749205790830e2),
        *(5.3941960214247511077e3, 2.1213794301586595867e4, 3.9307895800092710610e4),
        *(2.8729085735721942674e4, 5.2264952788528545610e3),
    ),
)
_TAIL = (  # to exp(-25) = 1.4e-11 from 0 and 1
    (
        *(1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550),
        *(3.64784832476320460504, 1.27045825245236838258, 2.41780725177450611770e-1),
        *(2.27238449892691845833e-2, 7.74545014278341407640e-4),
    ),
    (
        *(1.0, 2.05319162663775882187, 1.67638483018380384940),
        *(6.89767334985100004550e-1, 1.48103976427480074590e-1),
        *(1.51986665636164571966e-2, 5.47593808499534494600e-4),
        1.05075007164441684324e-9,
    ),
)
_NEAREST = 1.4e-11  # nearer to 0 and 1 the lines above are not made for


def normal_quantile(share: ArrayLike) -> Array:
    """Return below which number that share of all draws of a standard normal lies.

        q R(0.425^2 - q^2),  q = share - 1/2           for |q| <= 0.425
        +- T(sqrt(-ln least(share, 1 - share)) - 1.6)  beyond

    R and T are quotients of polynomials: right to some 1e-15. A share nearer than
    1.4e-11 to 0 or 1 counts as that near (-6.65 and 6.65). Shapes: any; no units.
    Source: wichura1988quantile, PPND16.
    """
    share = jnp.asarray(share, dtype=float)
    middle = share - 0.5
    near = middle * _quotient(_MIDDLE, 0.180625 - middle**2)
    tail = jnp.clip(jnp.minimum(share, 1.0 - share), _NEAREST, 0.5)
    far = _quotient(_TAIL, jnp.sqrt(-jnp.log(tail)) - 1.6)
    far = jnp.where(middle < 0.0, -far, far)
    return jnp.where(jnp.abs(middle) <= 0.425, near, far)


def _quotient(powers: tuple[tuple[float, ...], ...], x: Array) -> Array:
    over, under = (_polynomial(each, x) for each in powers)
    return over / under


def _polynomial(factors: tuple[float, ...], x: Array) -> Array:
    total = jnp.full_like(x, factors[-1])
    for factor in reversed(factors[:-1]):
        total = total * x + factor
    return total
