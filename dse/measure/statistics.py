"""What a run of a pruned model shows: densities, pairs kept, and how they lie.

Everything is a sum over tokens or pairs, so that batches add up; `shares` divides.
Padding is never counted: a density is that of real tokens, and the padded fraction
stands beside it.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dse.measure.bert import Trace

BLOCKS = (1, 2, 4, 8, 16, 32, 64)  # adjacent queries that share a fetch
_PAIRS = ("scores", "softmax")  # sites whose values belong to pairs, not to tokens

Sums = dict[str, Any]  # pairs of (counted, of how many), [layers] or [layers, ...]


def count(trace: Trace, present: jax.Array) -> Sums:
    """Return the sums of one batch.

    `density`: non-zero values by site, `rounds`: pairs left by each filter round,
    `overlap`: kept pairs whose key the query before kept too, `union`: keys kept by at
    least one query of a block, each `[layers, ...]` with what it is a share of.
    """
    kept = [rounds[-1] for rounds in trace.rounds]
    return {
        "density": {
            site: _stack([_nonzero(site, v, trace, present) for v in values])
            for site, values in trace.sites.items()
        },
        "rounds": _stack([_rounds(left, trace.allowed) for left in trace.rounds]),
        "overlap": _stack([_overlap(pairs) for pairs in kept]),
        "union": _stack([_union(pairs, trace.allowed, present) for pairs in kept]),
    }


def add(sums: Sums | None, more: Sums) -> Sums:
    """Return the sums of two batches together, as float64 on the host."""
    here = jax.tree.map(lambda x: np.asarray(x, np.float64), more)
    both: Sums = here if sums is None else jax.tree.map(np.add, sums, here)
    return both


def share(sums: tuple[Any, Any], *, pooled: bool = False) -> np.ndarray:
    """Return counted / of how many: by layer, or of all layers together."""
    counted, total = (np.asarray(x).sum(0) if pooled else np.asarray(x) for x in sums)
    whole = np.where(total > 0, total, 1.0)
    return np.asarray(np.where(total > 0, counted / whole, 1.0))


def pooled_density(sums: Sums) -> float:
    """Return the share of non-zero values of all activation sites together."""
    tables = sums["density"].values()
    counted = sum(np.sum(counted) for counted, _ in tables)
    return float(counted / sum(np.sum(total) for _, total in tables))


def _stack(pairs: list[tuple[jax.Array, jax.Array]]) -> tuple[jax.Array, jax.Array]:
    counted, total = zip(*pairs, strict=True)
    return jnp.stack(counted), jnp.stack(total)


def _sum(mask: jax.Array, axis: Any = None) -> jax.Array:
    return mask.sum(axis, dtype=jnp.float32)


def _nonzero(
    site: str, values: jax.Array, trace: Trace, present: jax.Array
) -> tuple[jax.Array, jax.Array]:
    if site in _PAIRS:
        real = trace.allowed
    elif values.ndim == 4:  # [batch, heads, tokens, width]
        real = jnp.broadcast_to(present[:, None, :, None], values.shape)
    else:
        real = jnp.broadcast_to(present[:, :, None], values.shape)
    return _sum((values != 0) & real), _sum(real)


def _rounds(
    rounds: tuple[jax.Array, ...], allowed: jax.Array
) -> tuple[jax.Array, jax.Array]:
    left = jnp.stack([_sum(pairs) for pairs in rounds])
    return left, jnp.full_like(left, _sum(allowed))


def _overlap(kept: jax.Array) -> tuple[jax.Array, jax.Array]:
    before, now = kept[:, :, :-1], kept[:, :, 1:]
    return _sum(before & now), _sum(now)


def _union(
    kept: jax.Array, allowed: jax.Array, present: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Count keys over whole blocks of real queries; no block outgrows a sequence."""
    batch, queries = present.shape
    counted, total = [], []
    for most in BLOCKS:
        size = min(most, queries)
        whole = queries // size * size
        shape = (*kept.shape[:2], whole // size, size, kept.shape[3])
        blocks = present[:, :whole].reshape(batch, 1, whole // size, size).all(-1)
        some = kept[:, :, :whole].reshape(shape).any(3) & blocks[..., None]
        seen = allowed[:, :, :whole].reshape(shape).any(3) & blocks[..., None]
        counted.append(_sum(some))
        total.append(_sum(seen))
    return jnp.stack(counted), jnp.stack(total)
