"""Where all designs of a space lie: a histogram in two metrics, grey behind a front."""

from __future__ import annotations

from typing import Any

import numpy as np

from dse.show.style import SHADES

Rows = np.ndarray[Any, Any]

BINS = 56


def density(x: Rows, y: Rows, x_range: Any, y_range: Any) -> dict[str, Any]:
    """Return the density of designs on two log axes; empty cells stay white.

    `x`, `y` `[designs]` in shown units, the ranges as decimal logarithms. Shades go
    with the logarithm of the count, so that a lonely design is still seen.
    """
    edges = [np.linspace(low, high, BINS + 1) for low, high in (x_range, y_range)]
    counts, _, _ = np.histogram2d(np.log10(x), np.log10(y), bins=edges)
    with np.errstate(divide="ignore"):
        shade = np.where(counts > 0, np.log1p(counts), np.nan).T
    return {
        "type": "heatmap",
        "x": 10.0 ** edges[0],
        "y": 10.0 ** edges[1],
        "z": shade.astype(np.float32),
        "colorscale": SHADES,
        "showscale": False,
        "hoverinfo": "skip",
        "name": "all designs",
    }
