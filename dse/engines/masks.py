"""Which pairs of queries and keys count under a causal mask and with padding."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from dse.arrays import Number
from dse.engines.base import Op, Run, run_of_block
from dse.workload.attention import attention_places
from dse.workload.ops import Block, Ops


class Unmasked(NamedTuple):
    """Queries and keys of a head that are not padding, and what the mean query sees."""

    queries: Number  # of all heads that share the keys
    keys: Number
    tokens: Number  # queries of one head
    seen: Number  # keys that the mean query sees
    every: Number  # keys of a head, of which a window shows a query `keys` at most


def unmasked(op: Op | Ops, run: Run) -> Unmasked:
    """Return what is left of scores `[rows, columns]` once padding and the future go.

    A step of decoding has one query a head, which is never padding. Of T queries in a
    row under a causal mask, the mean one does not see (T - 1) / 2 of the keys: summed
    over queries, that is each pair that it may see, once. Under a window of w keys, c
    of them cached, the first w - c queries see less: c + i of w, the i-th one.
    """
    real = 1.0 - run.padded_fraction
    is_step = op.rows <= op.sharing
    queries = jnp.where(is_step, op.rows, jnp.maximum(op.rows * real, 1.0))
    cached = op.cached / jnp.maximum(op.inner, 1.0)
    all_of_them = op.rows / op.sharing + cached if run.window else op.columns
    every = jnp.maximum(all_of_them * real, 1.0)
    keys = jnp.minimum(every, op.columns)
    tokens = jnp.maximum(queries / op.sharing, 1.0)
    seen = jnp.maximum(keys - 0.5 * (tokens - 1.0), 1.0) if run.causal else keys
    if run.window == "causal":
        short = keys - cached
        first = jnp.minimum(tokens, short)
        hidden = first * (short - 0.5 * (first + 1.0)) / tokens
        seen = jnp.maximum(keys - hidden, 1.0)
    return Unmasked(queries, keys, tokens, seen, every)


def cached_keys(op: Op) -> Number:
    """Return the share of the keys of a head, under a window of all, from a cache."""
    return op.cached / jnp.maximum(op.inner * op.columns * op.key_ratio, 1.0)


def wanted_share(block: Block, run: Run) -> Number:
    """Return the share of the products of each op that no mask hides, `[ops]`.

    It is below 1 for scores and context alone, of which a pair of a query and a key is
    hidden by padding or by a causal mask.
    """
    ops = block.ops
    source, masked = np.arange(len(ops)), np.zeros(len(ops), bool)
    for scores in attention_places(ops):
        source[scores + 2] = scores
        masked[[scores, scores + 2]] = True
    left = unmasked(ops, run_of_block(run, block))
    seen = jnp.where(np.asarray(ops.crosses), left.keys, left.seen)
    share = left.queries * seen / (ops.rows * ops.columns)
    return jnp.where(masked, share[source], 1.0)
