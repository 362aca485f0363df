"""The augmented Lagrangian: constraints as a price that rises until they hold."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from dse.records import Record, record

FIRST_STIFFNESS = 10.0
LAST_STIFFNESS = 1e4
STIFFER = 2.0  # a round, for constraints that did not improve
IMPROVED = 0.5  # of the violation a round before


@record
class Prices(Record):
    """What breaking each constraint costs: multipliers and stiffness, `[constraints]`.

    `broken` is by how much each was broken a round before.
    """

    multiplier: jax.Array
    stiffness: jax.Array
    broken: jax.Array


def first_prices(constraints: int) -> Prices:
    """Return the prices before anything was broken."""
    zeros = jnp.zeros(constraints)
    return Prices(
        multiplier=zeros,
        stiffness=jnp.full(constraints, FIRST_STIFFNESS),
        broken=jnp.full(constraints, jnp.inf),
    )


def flatten_excess(excess: jax.Array) -> jax.Array:
    """Return excess e as log(1 + e) where positive, so that far is not too steep."""
    return jnp.where(excess > 0, jnp.log1p(jnp.maximum(excess, 0.0)), excess)


def penalty(excess: jax.Array, prices: Prices) -> jax.Array:
    """Return what is added to the loss, a scalar.

    sum over constraints of (max(0, m + r e)^2 - m^2) / 2r, with excess e, multiplier m
    and stiffness r.
    """
    pressure = jnp.maximum(prices.multiplier + prices.stiffness * excess, 0.0)
    return jnp.sum((pressure**2 - prices.multiplier**2) / (2.0 * prices.stiffness))


def next_prices(excess: jax.Array, prices: Prices) -> Prices:
    """Return the prices of the next round: m = max(0, m + r e), r up if no better."""
    broken = jnp.maximum(excess, 0.0)
    slow = broken > IMPROVED * prices.broken
    return Prices(
        multiplier=jnp.maximum(prices.multiplier + prices.stiffness * excess, 0.0),
        stiffness=jnp.where(
            slow,
            jnp.minimum(STIFFER * prices.stiffness, LAST_STIFFNESS),
            prices.stiffness,
        ),
        broken=broken,
    )
