"""The figure of the study: the best within an area, of both spaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dse.explore.runs import Runs
from dse.show.figure import new_figure
from dse.show.style import ACCENT, GREY_DARK, RULE

AREAS = [20, 50, 100, 200, 500, 1000, 2000]
# Title, values told, and how a design's value is the best of those before it.
PANELS: dict[str, Any] = {
    "throughput": (
        "most throughput (seq/s)",
        [100, 200, 500, 1000, 2000, 5000, 10000],
        np.maximum.accumulate,
        1.0,
    ),
    "energy": (
        "least energy per sequence (mJ)",
        [7, 10, 20, 50],
        np.minimum.accumulate,
        1e3,
    ),
}


def draw(coarse: Runs, fine: Runs, path: Path) -> None:
    """Draw the most throughput and the least energy that fit into an area."""
    figure = new_figure(height=380, width=940)
    for axis, (metric, panel) in zip(("", "2"), PANELS.items(), strict=True):
        title, ticks, best, shown = panel
        for front, color in ((coarse, GREY_DARK), (fine, ACCENT)):
            order = np.argsort(front.metrics["area"])
            figure.add_scatter(
                x=front.metrics["area"][order] * 1e6,
                y=best(front.metrics[metric][order]) * shown,
                mode="lines",
                line={"color": color, "width": 2, "shape": "hv"},
                xaxis=f"x{axis}",
                yaxis=f"y{axis}",
            )
        figure.layout[f"xaxis{axis}"] = {
            **_log("chip area (mm²)", AREAS),
            "domain": [0.56, 1] if axis else [0, 0.44],
        }
        figure.layout[f"yaxis{axis}"] = {**_log(title, ticks), "anchor": f"x{axis}"}
    for text, color, height in (
        ("a billion designs", ACCENT, 0.3),
        ("36 million designs", GREY_DARK, 0.22),
    ):
        figure.add_annotation(
            x=0.22,
            y=height,
            xref="paper",
            yref="paper",
            text=text,
            showarrow=False,
            xanchor="left",
            font={"color": color},
        )
    figure.write_image(path)


def _log(title: str, ticks: list[float]) -> dict[str, Any]:
    return {
        "type": "log",
        "title": title,
        "tickvals": ticks,
        "ticktext": [f"{tick:,}" for tick in ticks],
        "gridcolor": RULE,
        "zeroline": False,
    }
