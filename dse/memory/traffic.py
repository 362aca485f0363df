"""How much has to cross the main-memory port, given what the buffers hold."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def streamed_share(total: ArrayLike, largest: ArrayLike, capacity: ArrayLike) -> Array:
    """Return the share of all weights that must be fetched anew for every batch.

    A buffer that holds all weights of a model fetches none after the first batch; one
    that does not keeps what it can beside a working set of the largest op (at most half
    of the buffer):

        1 - clip((capacity - min(largest, capacity/2)) / total, 0, 1)    (1 - that)

    Units: bits in, a share out. Assumed: weights stay between batches (steady state).
    """
    working = jnp.minimum(largest, 0.5 * jnp.asarray(capacity))
    fits_all = jnp.asarray(total) <= capacity
    kept = jnp.clip((capacity - working) / jnp.maximum(total, 1.0), 0.0, 1.0)
    return jnp.where(fits_all, 0.0, 1.0 - kept)


def spilled(live: ArrayLike, capacity: ArrayLike) -> Array:
    """Return the bits that a buffer cannot hold: max(0, live - capacity)."""
    return jnp.maximum(jnp.asarray(live) - capacity, 0.0)


def passes(size: ArrayLike, capacity: ArrayLike) -> Array:
    """Return how often spilled inputs are read: once for each buffer-full of weights.

    A smooth max(1, size / capacity): partial refills count in proportion.
    """
    return jnp.maximum(jnp.asarray(size) / capacity, 1.0)


def prefetch_share(bits: ArrayLike, before: ArrayLike, capacity: ArrayLike) -> Array:
    """Return the share of an op's weights that fits beside those of the last op."""
    room = jnp.maximum(jnp.asarray(capacity) - before, 0.0)
    return jnp.clip(room / jnp.maximum(bits, 1.0), 0.0, 1.0)
