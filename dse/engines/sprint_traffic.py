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

        d b (queries + keys + values);  keys = first uses + (pairs - first uses) missed

    Every key that is used comes once. Used again, it is missed with probability 1 - C/s
    without pruning, for the buffers hold on to C of the s keys; a machine that prunes
    on chip uses all keys but only those values that survive. One that prunes in memory
    uses what it keeps and misses what the query before did not leave behind, 1 -
    reuse(C, s'); it also reads a pruning vector, a bit a key, for each query.
    Source: yazdanbakhsh2022sprint, data movement by model and capacity (equations
    reconstructed from it).
    """
    held = held_tokens(design, op)
    missed = jnp.maximum(0.0, 1.0 - held / op.columns)
    lost = 1.0 - run.attention.reuse(held, pair.seen_keys)
    union = run.attention.union(pair.real_queries, pair.kept / pair.seen_keys)
    kept = pair.real_queries * pair.kept
    every = _reads(pair.queries * pair.keys, pair.stored_keys, missed)
    survivors = _reads(kept, pair.real_keys * union, missed)
    chosen = _reads(kept, pair.real_keys * union, lost)
    in_memory = design.prunes_in_memory
    keys = jnp.where(in_memory, chosen, every)
    values = jnp.where(design.prunes, jnp.where(in_memory, chosen, survivors), every)
    vector = jnp.where(in_memory, pair.queries * pair.stored_keys, 0.0)
    return op.inner * WORD_BITS * (pair.queries + keys + values) + vector


def _reads(uses: Any, first: Any, missed: Any) -> Any:
    return first + jnp.maximum(uses - first, 0.0) * missed


def written_bits(op: Op, pair: Pairs) -> Any:
    """Return the bits that one head writes to main memory: Q, and new K and V."""
    return op.inner * WORD_BITS * (pair.queries + 2.0 * pair.new_keys)
