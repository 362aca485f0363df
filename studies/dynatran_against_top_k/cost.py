"""What the pruning step itself costs, DynaTran against top-k, measured in one run.

Both prune the attention scores of one layer, [heads, 128, 128] of 16 sequences; the
best of many turns, taken in alternation, so that other load hits both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dse.measure.policies.top_k import kth_largest

HEADS = {"bert-tiny": 2, "bert-base": 12}
KEPT = 32  # of 128 scores
TURNS = 40
Step = Callable[[Any], Any]


@jax.jit
def dynatran(scores: jax.Array) -> jax.Array:
    """Compare every score with a threshold."""
    return jnp.where(jnp.abs(scores) >= 0.5, scores, 0.0)


@jax.jit
def top_k(scores: jax.Array) -> jax.Array:
    """Rank every row with XLA's own top-k."""
    least = jax.lax.top_k(scores, KEPT)[0][..., -1:]
    return jnp.where(scores >= least, scores, 0.0)


@jax.jit
def top_k_by_bits(scores: jax.Array) -> jax.Array:
    """Find the k-th largest of every row bit by bit, as this package does."""
    rank = jnp.full((*scores.shape[:-1], 1), KEPT)
    return jnp.where(scores >= kth_largest(scores, rank), scores, 0.0)


def numpy_dynatran(scores: np.ndarray) -> np.ndarray:
    """Compare every score with a threshold."""
    return np.where(np.abs(scores) >= 0.5, scores, 0.0)


def numpy_top_k(scores: np.ndarray) -> np.ndarray:
    """Partition every row."""
    least = np.partition(scores, -KEPT, axis=-1)[..., -KEPT, None]
    return np.where(scores >= least, scores, 0.0)


def best_times(steps: dict[str, Step], scores: np.ndarray) -> dict[str, float]:
    """Return the least seconds that each step took, turn and turn about."""
    best = dict.fromkeys(steps, np.inf)
    given = {name: scores if "NumPy" in name else jnp.asarray(scores) for name in steps}
    for turn in range(TURNS + 1):
        for name, step in steps.items():
            began = time.perf_counter()
            jax.block_until_ready(step(given[name]))
            if turn:  # the first compiles
                best[name] = min(best[name], time.perf_counter() - began)
    return best


if __name__ == "__main__":
    ways: dict[str, Step] = {
        "DynaTran, XLA": dynatran,
        "top-k, XLA": top_k,
        "top-k, XLA, by bits": top_k_by_bits,
        "DynaTran, NumPy": numpy_dynatran,
        "top-k, NumPy": numpy_top_k,
    }
    for model, heads in HEADS.items():
        draw = np.random.default_rng(0).normal(size=(16, heads, 128, 128))
        times = best_times(ways, draw.astype(np.float32))
        for name, seconds in times.items():
            own = times["DynaTran, NumPy" if "NumPy" in name else "DynaTran, XLA"]
            print(f"{model}  {name:20} {seconds * 1e3:8.2f} ms  x {seconds / own:.1f}")
