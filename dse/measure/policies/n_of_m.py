"""N:M sparsity: of every M weights in a row of the summed axis, keep the N largest."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from dse.arrays import Number
from dse.records import Record, quantity, record, static


@record
class NOfM(Record):
    """Keep the N largest magnitudes of each group of M weights of one output.

    Groups follow the summed axis, so that every output keeps the same number of
    products. Of equal magnitudes the first are kept. A last group that is not full
    keeps up to N of what it has. This is the one-shot choice: nothing is trained.
    Source: fang2022sta, N:M sparsity.
    """

    n: Number = quantity("1", "weights kept of each group", low=1.0)
    m: int = static("weights of a group")

    def keep(self, weights: jax.Array) -> jax.Array:
        """Return the mask of kept weights [inner, columns]."""
        return keep_largest(jnp.abs(weights), self.n, self.m)


def keep_largest(sizes: jax.Array, n: Number, m: int) -> jax.Array:
    """Return the mask of the n largest of each m sizes along the first axis."""
    inner, columns = sizes.shape
    missing = -inner % m
    padded = jnp.pad(sizes, ((0, missing), (0, 0)), constant_values=-1.0)
    groups = padded.reshape(-1, m, columns)
    order = jnp.argsort(-groups, axis=1, stable=True)
    rank = jnp.argsort(order, axis=1, stable=True)
    kept: jax.Array = (rank < n).reshape(-1, columns)[:inner]
    return kept
