"""What a SPRINT-type machine moves between its ReRAM and its on-chip buffers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.sprint.pairs import Pairs

if TYPE_CHECKING:
    from dse.engines.sprint.engine import SprintEngine

_GAUSS = [side.tolist() for side in np.polynomial.legendre.leggauss(4)]


def held_tokens(design: SprintEngine, op: Op, run: Run) -> Number:
    """Return how many keys the buffers hold together; as many values fit beside.

    C = buffers / ((d + d') b / 8)
    """
    word = design.words(run).kept.cache_bits
    return design.buffer_kib * 1024.0 / (token_values(op) * word / 8.0)


def token_values(op: Op) -> Number:
    """Return the numbers of a key and its value, d + d'; of a latent, d: it is both."""
    return op.inner * (1.0 + op.value_ratio * op.values_apart)


def read_bits(design: SprintEngine, op: Op, run: Run, pair: Pairs) -> Number:
    """Return the bits that one head reads from main memory.

        d b queries + b' (d keys + d' values)
        keys = first uses + (pairs - first uses) missed

    Keys and values lie in the ReRAM as those of a cache do, in words of b' bits.

    Every key that is used comes once. Used again, it is missed with probability 1 - C/s
    without pruning, for the buffers hold on to C of the s keys; a machine that prunes
    on chip uses all keys but only those values that survive. One that prunes in memory
    uses what it keeps and misses what the query before did not leave behind, 1 -
    reuse(C, s'); it also reads a pruning vector, a bit a key, for each query. Under a
    causal mask s is what a query sees, and the shares are means over all uses.
    Source: yazdanbakhsh2022sprint, data movement by model and capacity (equations
    reconstructed from it).
    """
    held = held_tokens(design, op, run)
    missed = jnp.maximum(0.0, 1.0 - held / op.columns)
    lost = _over_queries(
        lambda keys: 1.0 - run.attention.reuse(held, keys), run, pair, held
    )
    if run.causal:
        of_seen = _over_queries(
            lambda keys: jnp.maximum(0.0, 1.0 - held / keys), run, pair, held
        )
        missed = jnp.where(design.skips_keys, of_seen, missed)
    # Of all queries, under a window, that see a key.
    sees_a_key = pair.real_queries * pair.real_keys / pair.every_real
    union = run.attention.union(sees_a_key, pair.kept / pair.seen_keys)
    kept, used = pair.real_queries * pair.kept, pair.every_real * union
    stored_keys = pair.every_stored
    every = _reads(pair.queries * pair.keys, stored_keys, missed)
    survivors = _reads(kept, used, missed)
    chosen = _reads(kept, used, lost)
    in_memory = design.prunes_in_memory
    keys = jnp.where(in_memory, chosen, every)
    values = jnp.where(design.prunes, jnp.where(in_memory, chosen, survivors), every)
    vector = jnp.where(in_memory, pair.queries * pair.stored_keys, 0.0)
    _, word, stored = design.words(run).kept
    beside = op.value_ratio * op.values_apart
    moved = word * pair.queries + stored * keys + stored * beside * values
    return op.inner * moved + vector


def _over_queries(
    share: Callable[[Number], Number], run: Run, pair: Pairs, held: Number
) -> Number:
    """Return the mean over all uses of a share that depends on the keys a query sees.

        sum of s share(s) over sum of s,    s from s' - tokens + 1 to s'

    A query uses keys in proportion to those it sees. The sum is taken as an integral
    from half a key before to half a key behind, in two parts that meet where the
    buffers hold all that is seen, each by Gauss's rule of four points. Without a mask
    every query sees the same.
    """
    if not run.causal:
        return share(pair.seen_keys)
    low, high = pair.real_keys - pair.tokens + 0.5, pair.real_keys + 0.5
    middle = jnp.clip(held, low, high)
    total: Number = 0.0
    for start, end in ((low, middle), (middle, high)):
        for place, weight in zip(*_GAUSS, strict=True):
            keys = 0.5 * (start + end) + 0.5 * (end - start) * place
            total = total + 0.5 * (end - start) * weight * keys * share(keys)
    return total / (0.5 * (high**2 - low**2))


def _reads(uses: Number, first: Number, missed: Number) -> Number:
    return first + jnp.maximum(uses - first, 0.0) * missed


def written_bits(design: SprintEngine, op: Op, run: Run, pair: Pairs) -> Number:
    """Return the bits that one head writes to main memory: Q, and new K and V."""
    _, word, stored = design.words(run).kept
    queries = op.inner * word * pair.queries
    return queries + token_values(op) * stored * pair.new_keys
