"""How fast the machine at hand runs a dense BERT, large products and large copies."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from dse.measure.bert import Architecture, Bert
from dse.workload.shapes import TransformerShape

REPEATS = 7
_PRODUCT_SIDE = 2048
_COPY_VALUES = 2**25  # of 4 bytes: larger than any cache


def time_bert(shape: TransformerShape, *, seq_len: int, batch: int) -> float:
    """Return the seconds that one batch takes a dense BERT, compiled, the best of some.

    Weights are random, which a dense model does not notice.
    """
    graph, state = nnx.split(Bert(Architecture(shape=shape), rngs=nnx.Rngs(0)))
    tokens = jnp.ones((batch, seq_len), int)
    present = jnp.ones((batch, seq_len), bool)

    @jax.jit
    def run(weights: Any, ids: jax.Array, real: jax.Array) -> jax.Array:
        hidden: jax.Array = nnx.merge(graph, weights)(ids, real).hidden
        return hidden

    return _best_of(lambda: run(state, tokens, present))


def product_rate() -> float:
    """Return operations per second of a large square product in float32."""
    left = jnp.ones((_PRODUCT_SIDE, _PRODUCT_SIDE), jnp.float32)
    multiply = jax.jit(lambda a: a @ a)
    return 2.0 * _PRODUCT_SIDE**3 / _best_of(lambda: multiply(left))


def copy_rate() -> float:
    """Return bytes per second to and from memory of a large sum of two arrays."""
    values = jnp.ones(_COPY_VALUES, jnp.float32)
    add = jax.jit(lambda a: a + 1.0)
    return 2.0 * 4.0 * _COPY_VALUES / _best_of(lambda: add(values))


def _best_of(run: Callable[[], jax.Array]) -> float:
    run().block_until_ready()  # compiles
    best = float("inf")
    for _ in range(REPEATS):
        began = time.perf_counter()
        run().block_until_ready()
        best = min(best, time.perf_counter() - began)
    return best
