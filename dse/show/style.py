"""The look of all our plots, and figures as the plain data that plotly.js takes.

A figure is built as data and becomes Plotly's own object only where a person gets it:
loading Plotly and having it check every field takes longer than a search.
"""

from __future__ import annotations

from typing import Any

# A figure for plotly.js: "data", a list of traces, and "layout".
Drawing = dict[str, Any]

# For every plot that is shown: nothing leaves the machine, no advertisement.
CONFIG: dict[str, Any] = {
    "showSendToCloud": False,
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
}

# One accent on grey, all told apart by lightness alone, so by every kind of eye.
INK = "#1a1f24"
MUTED = "#55606b"
RULE = "#d5dbe1"
ACCENT = "#0b62a8"
TINT = "#9cc4e4"
GREY_DARK = "#77828d"
GREY_LIGHT = "#c3cad1"
SHADES = [[0.0, "#eef1f4"], [1.0, "#98a3ae"]]  # of a density, few to many

FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, "
    "'Liberation Sans', sans-serif"
)
FONT_SIZE = 13
LEAST = 480  # pixels of a page that a figure needs; on a narrower one it scrolls

_AXIS = {
    "title": {"font": {"size": FONT_SIZE}, "standoff": 15},
    "automargin": True,
    "ticks": "",
    "zerolinewidth": 2,
}
_AXIS_IN_SPACE = {"title": {"font": {"size": FONT_SIZE}}, "ticks": "", "gridwidth": 2}
_BAR = {"type": "bar", "marker": {"line": {"color": "#e5ecf6", "width": 0.5}}}
TEMPLATE: dict[str, Any] = {
    "data": {"bar": [_BAR]},
    "layout": {
        "autotypenumbers": "strict",
        "hovermode": "closest",
        "xaxis": _AXIS,
        "yaxis": {**_AXIS, "ticklabelstandoff": 4},
        "scene": {f"{letter}axis": _AXIS_IN_SPACE for letter in "xyz"},
    },
}


def house_layout(*, height: int, **layout: Any) -> dict[str, Any]:
    """Return the layout of a figure in the house style; `height` in pixels."""
    return {
        "template": TEMPLATE,
        "height": height,
        "font": {"family": FONT, "size": FONT_SIZE, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 64, "r": 16, "t": 24, "b": 56},
        "showlegend": False,
        "hoverlabel": hover_label(),
        **layout,
    }


def legend_above(y: float = 0.995) -> dict[str, Any]:
    """Return a legend in a row at the left, `y` of the height of a figure up."""
    return {
        "orientation": "h",
        "traceorder": "normal",
        "x": 0,
        "yref": "container",
        "y": y,
        "yanchor": "top",
    }


def hover_label() -> dict[str, Any]:
    """Return the look of hover labels: dark on white, left aligned, never cut off."""
    return {
        "bgcolor": "white",
        "bordercolor": GREY_DARK,
        "font": {"family": FONT, "size": 12, "color": INK},
        "align": "left",
        "namelength": -1,
    }
