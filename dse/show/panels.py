"""Plots side by side in one figure: their axes, and a title over each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from dse.show.style import GREY_DARK, RULE

Axis = dict[str, Any]
Ends = tuple[float, float]  # of a panel, as shares of the whole figure


def panel_ends(sizes: Sequence[float], spacing: float) -> list[Ends]:
    """Return where panels begin and end, in order, with room between them.

    `sizes` are relative; `spacing` is a share of the whole.
    """
    room = 1.0 - spacing * (len(sizes) - 1)
    shares = [room * size / sum(sizes) for size in sizes]
    starts = [0.0, *accumulate(share + spacing for share in shares)]
    return [(at, at + share) for at, share in zip(starts, shares, strict=False)]


def panel_axes(
    number: int, across: Ends, up: Ends, *, x: Axis, y: Axis
) -> dict[str, Axis]:
    """Return the axes of a panel of bars that lie, the first bar on top.

    `number` runs from 1 over all panels of a figure; `x` and `y` say more of the axes.
    """
    tail = _tail(number)
    bars = {"autorange": "reversed", "linecolor": GREY_DARK, "showline": True}
    return {
        f"xaxis{tail}": {
            "anchor": f"y{tail}",
            "domain": list(across),
            "gridcolor": RULE,
            "zeroline": False,
            **x,
        },
        f"yaxis{tail}": {
            "anchor": f"x{tail}",
            "domain": [max(end, 0.0) for end in up],
            **bars,
            **y,
        },
    }


def on_panel(number: int) -> dict[str, str]:
    """Return what puts a trace onto the axes of a panel."""
    return {"xaxis": f"x{_tail(number)}", "yaxis": f"y{_tail(number)}"}


def _tail(number: int) -> str:
    return "" if number == 1 else str(number)


def panel_title(text: str, across: Ends, up: Ends) -> dict[str, Any]:
    """Return a title over the left end of a panel."""
    return {
        "text": text,
        "font": {"size": 13},
        "showarrow": False,
        "x": across[0],
        "xref": "paper",
        "xanchor": "left",
        "align": "left",
        "y": up[1],
        "yref": "paper",
        "yanchor": "bottom",
    }
