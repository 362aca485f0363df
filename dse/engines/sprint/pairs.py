"""Which query-key pairs a SPRINT-type machine scores, weighs and skips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.masks import unmasked

if TYPE_CHECKING:
    from dse.engines.sprint.engine import SprintEngine


@dataclass(frozen=True)
class Pairs:
    """Queries and keys of one head, and the pairs of them that cost work.

    A machine goes through `queries`, and for each of them through `keys` of those that
    are `stored`; `new_keys` of these come with this op. Queries are those of all heads
    that share the keys, of some `tokens` without padding. Padding left out there are
    `real_queries` and `real_keys`; a query may see `seen_keys` of them (mean over
    queries) and keeps `kept`. `scored` pairs are multiplied on chip, `weighed` ones
    reach softmax and values.
    """

    queries: Number
    keys: Number
    stored_keys: Number
    new_keys: Number
    tokens: Number
    real_queries: Number
    real_keys: Number
    every_stored: Number  # of all keys, of which a window shows a query some
    every_real: Number
    seen_keys: Number
    kept: Number
    scored: Number
    weighed: Number


def pairs(design: SprintEngine, op: Op, run: Run) -> Pairs:
    """Return the pairs of one head of one sequence.

        s' = (1 - padded) s      n = kept share * s'      weighed = s' n  if pruned

    Sequence reduction leaves out padded queries, or padded and masked keys too. A
    single query is a step of decoding, and real. Keys of a cache are there.
    Source: yazdanbakhsh2022sprint, two-dimensional sequence reduction.
    """
    real_queries, real_keys, tokens, seen, every = unmasked(op, run)
    is_step = op.rows <= op.sharing
    kept = op.output_density * seen
    queries = jnp.where(design.skips_queries, real_queries, op.rows)
    keys = jnp.where(design.skips_keys, seen, op.columns)
    stored = jnp.where(design.skips_keys, real_keys, op.columns)
    all_of_them = op.columns * op.key_ratio
    new, left = all_of_them - op.cached / op.inner, every / all_of_them
    weighed = jnp.where(design.prunes, real_queries * kept, queries * keys)
    return Pairs(
        queries=queries,
        keys=keys,
        stored_keys=stored,
        new_keys=jnp.where(
            is_step,
            jnp.minimum(new, 1.0),
            new * jnp.where(design.skips_keys, left, 1.0),
        ),
        tokens=tokens,
        real_queries=real_queries,
        real_keys=real_keys,
        every_stored=jnp.where(design.skips_keys, every, all_of_them),
        every_real=every,
        seen_keys=seen,
        kept=kept,
        scored=jnp.where(design.prunes_in_memory, weighed, queries * keys),
        weighed=weighed,
    )
