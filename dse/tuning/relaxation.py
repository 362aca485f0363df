"""Relaxations: how a gradient sees an axis that has only some values."""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp

from dse.arrays import Number, Values
from dse.tuning.coordinates import Coordinate

Relaxation = Literal["annealed", "straight_through"]
RELAXATIONS = ("annealed", "straight_through")

WARMEST, COLDEST = 2.0, 0.05  # steps of the grid over which a stair is smeared


def temperature(progress: Number) -> Number:
    """Return how far stairs are smeared at a share 0..1 of the run, in steps."""
    return WARMEST * (COLDEST / WARMEST) ** progress


def relax(
    axis: Coordinate, share: jax.Array, progress: Number, how: Relaxation
) -> Values:
    """Return the number that the model is asked about, from a free share 0..1.

    A continuous axis is asked as it is. "straight_through" asks about the nearest value
    of the grid and takes the gradient of the free number. "annealed" asks about a stair
    that is nearly a line at first and nearly the grid in the end: between neighbours,
    at a share f of the step,

        s(f) = (sigmoid((f - 1/2) / t) - sigmoid(-1/2t)) / (1 - 2 sigmoid(-1/2t))
    """
    if axis.kind == "continuous":
        return axis.value(share)
    shares = jnp.asarray(axis.shares, share.dtype)
    if how == "straight_through":
        nearest = shares[jnp.argmin(jnp.abs(shares - share))]
        return axis.value(share + jax.lax.stop_gradient(nearest - share))
    below = jnp.clip(jnp.searchsorted(shares, share, side="right") - 1, 0, None)
    below = jnp.minimum(below, len(axis.values) - 2)
    step = shares[below + 1] - shares[below]
    rise = (share - shares[below]) / step
    sharpness = 1.0 / temperature(progress)
    floor = jax.nn.sigmoid(-0.5 * sharpness)
    stair = (jax.nn.sigmoid((rise - 0.5) * sharpness) - floor) / (1.0 - 2.0 * floor)
    return axis.value(shares[below] + step * stair)
