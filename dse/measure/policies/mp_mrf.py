"""MP-MRF: filter keys in rounds of growing precision, as Energon does."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from dse.arrays import Number
from dse.measure.policies.contract import Selection
from dse.measure.policies.fixed_point import codes, products, top_bits
from dse.records import Record, quantity, record, static

STORED_BITS = 16
FORGIVEN = 1e-3  # rounding of a threshold; scores are whole numbers


@record
class MpMrf(Record):
    """Two rounds: queries of 4 bits meet keys of 2 bits, then of 4 bits.

    After each round a query keeps the keys whose score reaches a mix of the maximum (or
    the minimum), and the mean over the keys it still had:

        a >= 0:  threshold =  a max + (1 - a) mean
        a <  0:  threshold = -a min + (1 + a) mean

    Codes of fewer bits are prefixes of the 16-bit codes. What is left is computed
    exactly: the 16 bits of the machine are taken for exact. With `reuse` the second
    round adds the products of the two lower bits to four times the first, which gives
    the same scores for half the work.
    Source: zhou2023energon, mix-precision multi-round filtering.
    """

    first: Number = quantity("1", "a of the round at 2 bits", low=-1.0, high=1.0)
    second: Number = quantity("1", "a of the round at 4 bits", low=-1.0, high=1.0)
    reuse: bool = static("whether round two builds on the sums of one", default=True)

    def select(
        self,
        layer: int,
        query: jax.Array,
        key: jax.Array,
        scores: jax.Array,
        allowed: jax.Array,
    ) -> Selection:
        """Return the exact scores, and the pairs that each round leaves."""
        queries = _codes(query, allowed.any(-1))
        keys = _codes(key, allowed.any(-2))
        four = top_bits(queries, STORED_BITS, 4)
        high, both = (top_bits(keys, STORED_BITS, bits) for bits in (2, 4))
        coarse = products(four, high)
        if self.reuse:
            fine = 4.0 * coarse + products(four, both - 4.0 * high)
        else:
            fine = products(four, both)
        left = _survivors(coarse, allowed, self.first)
        return Selection(scores, (left, _survivors(fine, left, self.second)))

    def filter_work(self, kept_first_round: Number) -> Number:
        """Return the 4 x 2 bit products spent per query-key pair and unit of width.

        1 + kept with reuse, 1 + 2 kept without: a key of 4 bits costs two passes.
        """
        return 1.0 + kept_first_round * (1.0 if self.reuse else 2.0)


def _codes(values: jax.Array, real: jax.Array) -> jax.Array:
    return codes(values, real, STORED_BITS)[0]


def _survivors(scores: jax.Array, left: jax.Array, mix: Any) -> jax.Array:
    """Return which of the pairs that are left reach their row's threshold."""
    count = jnp.maximum(left.sum(-1, keepdims=True), 1)
    mean = jnp.where(left, scores, 0.0).sum(-1, keepdims=True) / count
    most = jnp.where(left, scores, -jnp.inf).max(-1, keepdims=True)
    least = jnp.where(left, scores, jnp.inf).min(-1, keepdims=True)
    most, least = (jnp.where(jnp.isfinite(x), x, 0.0) for x in (most, least))
    share = jnp.asarray(mix, scores.dtype)
    tighter = share * most + (1.0 - share) * mean
    looser = -share * least + (1.0 + share) * mean
    threshold = jnp.where(share >= 0, tighter, looser)
    return left & (scores >= threshold - FORGIVEN)
