"""Where all designs of a space lie: a histogram in two metrics, grey behind a front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.show.log_axis import along, value_at
from dse.show.style import SHADES

BINS = 56


def density(values: Rows, axes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the density of designs over two axes; empty cells stay white.

    `values` `[2, designs]` are in shown units. Shades go with the logarithm of the
    count, so that a lonely design is still seen.
    """
    ends = [axis["range"] for axis in axes]
    edges = [np.linspace(low, high, BINS + 1) for low, high in ends]
    cells = np.zeros(values.shape[1], np.int32)
    for axis, row, (low, high) in zip(axes, values, ends, strict=True):
        place = along(axis, row) - low
        place *= BINS / (high - low)
        cells = cells * BINS + np.clip(place.astype(np.int32), 0, BINS - 1)
    counts = np.bincount(cells, minlength=BINS * BINS).reshape(BINS, BINS)
    with np.errstate(divide="ignore"):
        shade = np.where(counts > 0, np.log1p(counts), np.nan).T
    return {
        "type": "heatmap",
        "x": value_at(axes[0], edges[0]),
        "y": value_at(axes[1], edges[1]),
        "z": shade.astype(np.float32),
        "colorscale": SHADES,
        "showscale": False,
        "hoverinfo": "skip",
        "name": "all designs",
    }
