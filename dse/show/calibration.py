"""Whether the error of the models holds for others: as plain text, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dse.evidence.calibration import ALL, RATIOS, SHARES, Held, by_group
from dse.explore.model_error import ModelError
from dse.show.style import ACCENT, GREY_DARK, GREY_LIGHT, INK, Drawing, house_layout
from dse.show.text_table import prose, text_table

NAMES = {ALL: "all of them", RATIOS: "ratios of two machines"}
FEWEST = 7  # rows of a group that is drawn
_SHARES = np.linspace(0.1, 0.95, 18)
_TO_90 = {"range": [0, 1.02], "tickformat": ".0%", "dtick": 0.1}


def calibration_text(found: dict[str, dict[str, Any]]) -> str:
    """Return how many rows lie inside the intervals that others leave to expect."""
    rows = [
        [
            NAMES.get(name, name),
            f"{group['machines']}",
            f"{group['rows']}",
            *(f"{group['inside'][f'{share:.0%}']:.0%}" for share in SHARES),
            f"x {group['factor']:.2f}",
        ]
        for name, group in found.items()
    ]
    heads = ["family", "machines", "rows", *(f"in {share:.0%}" for share in SHARES)]
    title = (
        "Rows inside the interval that the rows of all other machines leave to expect, "
        "by the share that should be; last, by what factor the middle 90 % may be off "
        "either way:"
    )
    return f"{prose(title)}\n\n{text_table([*heads, 'median 90 %'], rows)}"


def learned_text(learned: ModelError) -> str:
    """Return bias and spread of measured over modelled, by family and metric."""
    rows = [
        [
            *(family, metric, f"{spread.machines}", f"{spread.figures}"),
            *(f"x {np.exp(spread.bias):.2f}", f"{spread.scale:.3f}"),
            f"{spread.freedom:.1f}",
        ]
        for family, of in learned.shared.items()
        for metric, spread in of.items()
    ]
    for name, spread in (("without evidence", learned.unknown), ("own", learned.own)):
        ends = [f"{spread.machines or ''}", f"{spread.figures or ''}"]
        at = [f"x {np.exp(spread.bias):.2f}", f"{spread.scale:.3f}"]
        rows.append([name, "every", *ends, *at, f"{spread.freedom:.1f}"])
    heads = ["family", "metric", "machines", "figures", "bias", "spread of log"]
    title = (
        "What was measured over what is modelled: what machines of a family share, and "
        "what each has of its own:"
    )
    return f"{prose(title)}\n\n{text_table([*heads, 'freedom'], rows)}"


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
