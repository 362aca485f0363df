"""How many of a query's kept keys are still on chip from the queries before it."""

from __future__ import annotations

import numpy as np

CAPACITIES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1.0)  # shares of the keys


def reuse_by_capacity(
    kept: np.ndarray, keys: np.ndarray, capacities: tuple[float, ...] = CAPACITIES
) -> tuple[np.ndarray, float]:
    """Count kept pairs whose key a buffer still holds, for buffers of some sizes.

    The buffer holds the keys used last, `capacity` of them: queries come in their
    order, and of the keys of one query the later ones count as used later. What it
    holds is looked up once per query, before the query fetches what it misses. The
    first fetch of a key, which no buffer saves, is counted on neither side: it is the
    compulsory traffic that every machine pays.

    Args:
        kept: pairs, [heads, queries, keys]; heads of any sequences and layers.
        keys: real keys of each head, [heads].
        capacities: shares of the real keys that fit, [sizes]; whole keys count.

    Returns:
        Hits [sizes], and the kept pairs they are a share of.
    """
    queries, width = kept.shape[1:]
    place = np.arange(queries)[None, :, None]
    used = np.maximum.accumulate(np.where(kept, place, -1), axis=1)
    before = np.concatenate([np.full_like(used[:, :1], -1), used[:, :-1]], axis=1)
    recency = before * width + np.arange(width)[None, None]
    newest = np.argsort(-recency, axis=-1)
    rank = np.empty_like(newest)
    np.put_along_axis(rank, newest, np.arange(width)[None, None], axis=-1)
    again = kept & (before >= 0)
    room = np.floor(np.asarray(capacities)[:, None] * np.asarray(keys)[None] + 1e-9)
    hits = [(again & (rank < fits[:, None, None])).sum() for fits in room]
    return np.asarray(hits, float), float(again.sum())
