"""What a SPRINT-type machine moves between its ReRAM and its on-chip buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from dse.engines.base import Op, Run
from dse.engines.sprint_pairs import Pairs

if TYPE_CHECKING:
    from dse.engines.sprint import SprintEngine

WORD_BITS = 8.0  # of a query, key, value or probability


def held_tokens(design: SprintEngine, op: Op) -> Any:
    """Return how many keys the key buffers hold together; as many values fit beside.

    C = buffers / 2 / (d b / 8)
    """
    return design.buffer_kib * 1024.0 / 2.0 / (op.inner * WORD_BITS / 8.0)


def read_bits(design: SprintEngine, op: Op, run: Run, pair: Pairs) -> Any:
    """Return the bits that one head reads from main memory.

        d b (queries + first keys + first values + (queries - 1)(keys + values again))

    Every key comes once. Without pruning the buffers hold on to C of the s keys, and
    every later query reads the others again; a machine that prunes on chip does so for
    keys, but only for those values that survive. A machine that prunes in memory reads,
    for each later query, what it keeps and the query before did not leave behind,
    n (1 - reuse(C, s')), and a pruning vector of one bit a key for each query.
    Source: yazdanbakhsh2022sprint, data movement by model and capacity (equations
    reconstructed from it).
    """
    held = held_tokens(design, op)
    missed = jnp.maximum(0.0, 1.0 - held / op.columns)
    again = pair.keys * missed
    kept_again = pair.kept * missed
    lost_again = pair.kept * (1.0 - run.attention.reuse(held, pair.seen_keys))
    used = pair.kept / pair.seen_keys
    union = pair.real_keys * run.attention.union(pair.real_queries, used)
    in_memory, prunes = design.prunes_in_memory, design.prunes
    later = jnp.maximum(pair.queries - 1.0, 0.0)
    later_real = jnp.maximum(pair.real_queries - 1.0, 0.0)
    keys = jnp.where(
        in_memory, union + later_real * lost_again, pair.stored_keys + later * again
    )
    values = jnp.where(in_memory, keys, pair.stored_keys + later * again)
    values = jnp.where(prunes & ~in_memory, union + later_real * kept_again, values)
    vector = jnp.where(in_memory, pair.queries * pair.stored_keys, 0.0)
    return op.inner * WORD_BITS * (pair.queries + keys + values) + vector


def written_bits(op: Op, pair: Pairs) -> Any:
    """Return the bits that one head writes to main memory: Q, and new K and V."""
    return op.inner * WORD_BITS * (pair.queries + 2.0 * pair.new_keys)
