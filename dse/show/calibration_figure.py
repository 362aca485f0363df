"""Calibration as a picture: what share of rows intervals hold, by what they should."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dse.evidence.calibration import ALL, Held, by_group
from dse.show.calibration_text import NAMES
from dse.show.style import ACCENT, GREY_DARK, GREY_LIGHT, INK, Drawing, house_layout

FEWEST = 7  # rows of a group that is drawn
_SHARES = np.linspace(0.1, 0.95, 18)
_TO_90 = {"range": [0, 1.02], "tickformat": ".0%", "dtick": 0.1}


def calibration_figure(held: Sequence[Held]) -> Drawing:
    """Return a line per family with rows enough, one for all, and the diagonal.

    Above the diagonal intervals are wider than they need to be, below it too narrow.
    """
    groups = {n: g for n, g in by_group(held).items() if len(g) >= FEWEST}
    traces = [_line("as it should be", [0, 1], [0, 1], GREY_LIGHT, dash="dash")]
    shades = iter((GREY_DARK, "#98a3ae", "#3d4750", "#c0832e"))
    for name, group in groups.items():
        inside = [float(np.mean([h.inside(s) for h in group])) for s in _SHARES]
        title = f"{NAMES.get(name, name)}, {len(group)} rows"
        color = ACCENT if name == ALL else next(shades, INK)
        line = _line(title, list(_SHARES), inside, color)
        line |= {"mode": "lines+markers", "marker": {"size": 5}}
        traces.append(line)
    layout = house_layout(
        height=420,
        xaxis={"title": {"text": "share of the interval"}, **_TO_90},
        yaxis={"title": {"text": "share of rows inside"}, **_TO_90},
        legend={"x": 0.99, "y": 0.03, "xanchor": "right", "yanchor": "bottom"},
        showlegend=True,
    )
    return {"data": traces, "layout": layout}


def _line(
    name: str, x: list[float], y: list[float], color: str, dash: str = "solid"
) -> Drawing:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [float(v) for v in x],
        "y": [float(v) for v in y],
        "line": {"color": color, "dash": dash, "width": 2},
    }
