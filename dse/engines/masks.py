"""Which pairs of queries and keys count under a causal mask and with padding."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from dse.engines.base import Op, Run


class Unmasked(NamedTuple):
    """Queries and keys of a head that are not padding, and what the mean query sees."""

    queries: Any  # of all heads that share the keys
    keys: Any
    tokens: Any  # queries of one head
    seen: Any  # keys that the mean query sees


def unmasked(op: Op, run: Run) -> Unmasked:
    """Return what is left of scores `[rows, columns]` once padding and the future go.

    A step of decoding has one query a head, which is never padding. Of T queries in a
    row under a causal mask, the mean one does not see (T - 1) / 2 of the keys: summed
    over queries, that is each pair that it may see, once.
    """
    real = 1.0 - run.padded_fraction
    is_step = op.rows <= op.sharing
    queries = jnp.where(is_step, op.rows, jnp.maximum(op.rows * real, 1.0))
    keys = jnp.maximum(op.columns * real, 1.0)
    tokens = jnp.maximum(queries / op.sharing, 1.0)
    seen = jnp.maximum(keys - 0.5 * (tokens - 1.0), 1.0) if run.causal else keys
    return Unmasked(queries, keys, tokens, seen)
