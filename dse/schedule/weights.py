"""Weights in a buffer: what stays there from run to run, what may come early."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def fetched_share(
    total: ArrayLike, capacity: ArrayLike, *, weights_stay: bool
) -> Array:
    """Return the share of a model's weights that a run must fetch.

    All of them, or, where weights stay on chip between runs, those that do not fit:

        max(0, 1 - capacity / total)

    Units: bits in, a share out.
    """
    if not weights_stay:
        return jnp.ones(())
    share = jnp.asarray(capacity) / jnp.maximum(total, 1.0)
    return 1.0 - jnp.minimum(share, 1.0)


def early_share(bits: ArrayLike, before: ArrayLike, capacity: ArrayLike) -> Array:
    """Return the share of an op's load that may come while the op before it works.

    A half of the buffer is filled while the other one is used; where both loads fit
    together, all of it comes early:

        max(capacity / 2, capacity - before) / bits, at most 1
    """
    room = jnp.maximum(0.5 * jnp.asarray(capacity), jnp.asarray(capacity) - before)
    return jnp.minimum(room / jnp.maximum(bits, 1.0), 1.0)
