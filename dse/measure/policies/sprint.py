"""SPRINT: compare coarse scores with a threshold in memory, recompute what passes."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from dse.arrays import Number
from dse.measure.policies.contract import Selection
from dse.measure.policies.fixed_point import codes, products, top_bits
from dse.records import Record, quantity, record, static

STORED_BITS, MEMORY_BITS = 8, 4


@record
class Sprint(Record):
    """Keep the pairs whose coarse score reaches the threshold of their layer.

    Coarse scores are products of the 4 most significant of 8 bits of query and key, as
    currents in a memory array; a code stands for the middle of what it may mean. A
    comparator adds noise, the same at every run with one seed. `recompute` gives the
    softmax the products of all 8 bits of the kept pairs; without it, the coarse ones.
    A query that no key passes for gets a context of zero.
    Source: yazdanbakhsh2022sprint, in-memory thresholding and recompute.
    """

    thresholds: Number = quantity("1", "least coarse score, [layers]", low=-jnp.inf)
    noise: Number = quantity(
        "1", "standard deviation at the comparator, of the full current", default=0.0
    )
    seed: Number = quantity("1", "which noise is drawn", default=0.0, integer=True)
    recompute: bool = static("whether kept scores are computed anew", default=True)

    def select(
        self,
        layer: int,
        query: jax.Array,
        key: jax.Array,
        scores: jax.Array,
        allowed: jax.Array,
    ) -> Selection:
        """Return the scores softmax reads on this machine, and the kept pairs."""
        coarse, exact, full = machine_scores(query, key, allowed)
        seen = jax.lax.cond(  # drawing takes longer than all the rest
            jnp.asarray(self.noise) > 0,
            lambda: coarse + self.noise * full * self._drawn(layer, scores.shape),
            lambda: coarse,
        )
        kept = allowed & (seen >= jnp.asarray(self.thresholds)[layer])
        return Selection(exact if self.recompute else coarse, (kept,))

    def _drawn(self, layer: int, shape: tuple[int, ...]) -> jax.Array:
        start = jax.random.key(jnp.asarray(self.seed, jnp.uint32))
        return jax.random.normal(jax.random.fold_in(start, layer), shape)


def machine_scores(
    query: jax.Array, key: jax.Array, allowed: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return scaled scores of 4 bits, of 8 bits, and the largest that 4 bits can be.

    Shapes: [batch, heads, queries, keys] twice, [batch, heads, 1, 1].
    """
    queries, query_step = codes(query, allowed.any(-1), STORED_BITS)
    keys, key_step = codes(key, allowed.any(-2), STORED_BITS)
    unit = query_step * key_step / query.shape[-1] ** 0.5
    bin_width = 2.0 ** (STORED_BITS - MEMORY_BITS)
    middle = 0.5 - 0.5 / bin_width  # of the codes that share their upper bits
    high = [top_bits(c, STORED_BITS, MEMORY_BITS) + middle for c in (queries, keys)]
    coarse = products(*high) * bin_width**2 * unit
    exact = products(queries, keys) * unit
    full = query.shape[-1] * 2.0 ** (2 * STORED_BITS - 2) * unit
    return coarse, exact, full


def calibrate(
    queries: list[jax.Array], keys: list[jax.Array], allowed: jax.Array, share: Number
) -> jax.Array:
    """Return the thresholds [layers] that keep a share of all pairs in every layer.

    Args:
        queries: of every layer of an unpruned run, [batch, heads, tokens, head width].
        keys: likewise.
        allowed: pairs of real tokens, [batch, heads, tokens, tokens].
        share: of the allowed pairs, to keep.
    """

    def threshold(query: jax.Array, key: jax.Array) -> jax.Array:
        coarse, _, _ = machine_scores(query, key, allowed)
        seen = jnp.where(allowed, coarse, jnp.nan)
        return jnp.nanquantile(seen, 1.0 - share)

    return jnp.stack([threshold(*pair) for pair in zip(queries, keys, strict=True)])
