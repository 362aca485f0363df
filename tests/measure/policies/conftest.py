"""Queries and keys of one layer, some of them padding, and rules that choose pairs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

BATCH, HEADS, TOKENS, WIDTH = 2, 3, 14, 8


class Pairs(NamedTuple):
    """What a score rule is given."""

    query: jax.Array
    key: jax.Array
    scores: jax.Array
    allowed: jax.Array


def make_pairs(*, causal: bool = False, seed: int = 0) -> Pairs:
    draw = np.random.default_rng(seed)
    query, key = draw.normal(size=(2, BATCH, HEADS, TOKENS, WIDTH)).astype(np.float32)
    present = np.arange(TOKENS)[None] < np.array([[TOKENS], [9]])
    allowed = present[:, None, :, None] & present[:, None, None, :]
    if causal:
        allowed = allowed & np.tril(np.ones((TOKENS, TOKENS), bool))
    allowed = np.broadcast_to(allowed, (BATCH, HEADS, TOKENS, TOKENS))
    scores = np.einsum("bhqd,bhkd->bhqk", query, key) / WIDTH**0.5
    return Pairs(*map(jnp.asarray, (query, key, scores, allowed)))


@pytest.fixture(params=[False, True], ids=["whole", "causal"])
def pairs(request: pytest.FixtureRequest) -> Pairs:
    return make_pairs(causal=request.param)


@partial(jax.jit, static_argnums=1)
def compiled_select(rule: Any, layer: int, pairs: Pairs) -> Any:
    return rule.select(layer, *pairs)


@pytest.fixture(scope="session")
def select() -> Callable[[Any, int, Any], Any]:
    """Let a rule choose, compiled once for all of its settings: `eager` is another."""
    return compiled_select
