"""How evenly useful multiplications lie over the tiles of each product."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dse.measure.bert import FIRST_SITE, Bert, Trace
from dse.measure.policies.contract import Pruning

TILE_SIZES = (8, 16, 32)
BINS = 4096  # of the share of useful multiplications in a tile
PRODUCTS = (
    *("query", "key", "value", "scores", "context", "output", "ffn_up", "ffn_down"),
)

Histograms = dict[str, Any]  # by product: tiles [sizes, BINS + 1]


def tile_shares(
    left: jax.Array, right: jax.Array, size: int, real: tuple[jax.Array, ...]
) -> tuple[jax.Array, jax.Array]:
    """Return the useful share of the multiplications of every tile triple.

    A tile triple is `size` rows times `size` of the summed axis times `size` columns,
    less where an axis is shorter; what does not fill a tile at the end of an axis is
    left out. A multiplication is useful if neither operand is zero.

    Args:
        left: non-zero values, [..., rows, inner].
        right: non-zero values, [..., inner, columns].
        size: edge of a tile.
        real: which rows, inner places and columns are no padding, [..., axis] each.

    Returns:
        Shares, and which tiles hold no padding: [..., row, inner, column tiles].
    """
    rows, inner = left.shape[-2:]
    columns = right.shape[-1]
    r, s, c = (min(size, axis) for axis in (rows, inner, columns))
    left = left[..., : rows // r * r, : inner // s * s].astype(jnp.float32)
    right = right[..., : inner // s * s, : columns // c * c].astype(jnp.float32)
    ahead = left.shape[:-2]
    of_left = left.reshape(*ahead, rows // r, r, inner // s, s).sum(-3)
    behind = right.shape[:-2]
    of_right = right.reshape(*behind, inner // s, s, columns // c, c).sum(-1)
    useful = jnp.einsum("...ris,...isc->...ric", of_left, of_right)
    whole = [
        mask[..., : mask.shape[-1] // edge * edge]
        .reshape(*mask.shape[:-1], -1, edge)
        .all(-1)
        for mask, edge in zip(real, (r, s, c), strict=True)
    ]
    valid = whole[0][..., :, None, None] & whole[1][..., None, :, None]
    valid = valid & whole[2][..., None, None, :]
    return useful / (r * s * c), jnp.broadcast_to(valid, useful.shape)


def histograms(
    model: Bert, trace: Trace, present: jax.Array, pruning: Pruning
) -> Histograms:
    """Return how many tiles have which useful share, over all layers of a batch."""
    found: Histograms = {product: 0 for product in PRODUCTS}
    for layer in range(len(model.layers)):
        for product, (left, right, real) in _operands(
            model, trace, present, pruning, layer
        ).items():
            found[product] += jnp.stack(
                [histogram_of(*tile_shares(left, right, s, real)) for s in TILE_SIZES]
            )
    return found


def percentile(histogram: np.ndarray, share: float) -> np.ndarray:
    """Return the useful share below which a share of the tiles lies, [sizes]."""
    below = np.cumsum(histogram, axis=-1)
    place = (below >= share * below[..., -1:]).argmax(-1)
    return np.asarray(place / BINS)


def mean(histogram: np.ndarray) -> np.ndarray:
    """Return the mean useful share of all tiles, to half a bin, [sizes]."""
    shares = np.arange(BINS + 1) / BINS
    total = histogram.sum(-1)
    return np.asarray((histogram * shares).sum(-1) / np.maximum(total, 1))


def _operands(
    model: Bert, trace: Trace, present: jax.Array, pruning: Pruning, number: int
) -> dict[str, tuple[jax.Array, jax.Array, tuple[jax.Array, ...]]]:
    """Return the non-zero masks of both operands of each product of a layer."""
    sites, layer = trace.sites, model.layers[number]
    hidden = sites["norm_ffn"][number - 1] if number else sites[FIRST_SITE][0]
    inputs = {
        **dict.fromkeys(("query", "key", "value"), hidden),
        "output": sites["context"][number],
        "ffn_up": sites["norm_attention"][number],
        "ffn_down": sites["activation"][number],
    }
    found = {}
    for product, values in inputs.items():
        kernel = pruning.weights(getattr(layer, product).kernel[...]) != 0
        right = jnp.broadcast_to(kernel, (len(present), *kernel.shape))
        all_real = [jnp.ones((len(present), n), bool) for n in kernel.shape]
        found[product] = (values != 0, right, (present, *all_real))
    query, key, value = (sites[site][number] != 0 for site in ("query", "key", "value"))
    token = jnp.broadcast_to(present[:, None], query.shape[:3])
    width = jnp.ones((*query.shape[:2], query.shape[3]), bool)
    found["scores"] = (query, key.swapaxes(-1, -2), (token, width, token))
    shares = sites["softmax"][number] != 0
    found["context"] = (shares, value, (token, token, width))
    return found


def histogram_of(shares: jax.Array, valid: jax.Array) -> jax.Array:
    """Return how many of the valid tiles have which useful share, `[BINS + 1]`."""
    place = jnp.round(shares * BINS).astype(int)
    empty = jnp.zeros(BINS + 1, int)
    return empty.at[place.reshape(-1)].add(valid.reshape(-1).astype(int))
