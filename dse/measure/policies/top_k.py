"""Top-k: of every query's scores, keep a fixed number of the largest."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from dse.arrays import Number
from dse.measure.policies.contract import Selection
from dse.records import Record, quantity, record
from dse.smooth import ceil


@record
class TopK(Record):
    """Keep the k largest scores of each query, k = ceil(share x keys it may see).

    Equal scores at the edge are all kept. Unlike a threshold, this needs a ranking
    of every row: it is what AccelTran compares DynaTran with.
    Source: tuli2023acceltran, comparison with top-k.
    """

    share: Number = quantity("1", "share of the keys that a query keeps", high=1.0)

    def select(
        self,
        layer: int,
        query: jax.Array,
        key: jax.Array,
        scores: jax.Array,
        allowed: jax.Array,
    ) -> Selection:
        """Return the scores as they are, and the pairs that are kept."""
        seen = jnp.where(allowed, scores, -jnp.inf)
        count = ceil(self.share * allowed.sum(-1, keepdims=True).astype(scores.dtype))
        rank = jnp.maximum(count, 1).astype(int)
        # One sequence after another: all passes over it then stay within the caches.
        least = jax.lax.map(lambda both: kth_largest(*both), (seen, rank))
        return Selection(scores, (allowed & (seen >= least),))


def kth_largest(values: jax.Array, k: jax.Array) -> jax.Array:
    """Return the k-th largest of the last axis, exactly; `k` has length 1 there.

    Bit by bit: the largest float32 that k or more values reach. XLA's sort on a CPU is
    ten times slower, and its top-k wants to know k when it compiles.
    """
    bits = jax.lax.bitcast_convert_type(values.astype(jnp.float32), jnp.int32)
    turned = jnp.int32(2**31 - 1)  # negative floats rise as their bits fall
    ordered = jnp.where(bits < 0, bits ^ turned, bits)

    def settle(step: jax.Array, found: jax.Array) -> jax.Array:
        trial = found + jnp.left_shift(jnp.int32(1), 31 - step)
        reach = (ordered >= trial).sum(-1, keepdims=True)
        return jnp.where(reach >= k, trial, found)

    lowest = jnp.full(k.shape, -(2**31), jnp.int32)
    found = jax.lax.fori_loop(0, 32, settle, lowest)
    bits = jnp.where(found < 0, found ^ turned, found)
    return jax.lax.bitcast_convert_type(bits, jnp.float32)
