"""A Plotly figure that never offers to upload itself, and the look of all our plots."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

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


_TITLE = {"title": {"font": {"size": FONT_SIZE}}}
TEMPLATE = {
    "layout": {
        "xaxis": _TITLE,
        "yaxis": _TITLE,
        "scene": {"xaxis": _TITLE, "yaxis": _TITLE, "zaxis": _TITLE},
    }
}


class Figure(go.Figure):  # type: ignore[misc]
    """A Plotly figure that is always shown under `CONFIG`, in a notebook or a file."""

    def show(self, *args: Any, **kwargs: Any) -> Any:
        """Show the figure; arguments are those of Plotly."""
        return super().show(*args, **{"config": CONFIG, **kwargs})

    def to_html(self, *args: Any, **kwargs: Any) -> str:
        """Return the figure as HTML; arguments are those of Plotly."""
        html: str = super().to_html(*args, **{"config": CONFIG, **kwargs})
        return html

    def write_html(self, *args: Any, **kwargs: Any) -> None:
        """Write the figure to a file; arguments are those of Plotly."""
        super().write_html(*args, **{"config": CONFIG, **kwargs})

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        return super()._repr_mimebundle_(*args, **{"config": CONFIG, **kwargs})

    def _ipython_display_(self) -> None:
        self.show()


def new_figure(*, height: int, **layout: Any) -> Figure:
    """Return an empty figure in the house style; `height` in pixels."""
    figure = Figure()
    figure.update_layout(
        template=TEMPLATE,
        height=height,
        font={"family": FONT, "size": FONT_SIZE, "color": INK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        margin={"l": 64, "r": 16, "t": 24, "b": 56},
        showlegend=False,
        hoverlabel=hover_label(),
        **layout,
    )
    return figure


def hover_label() -> dict[str, Any]:
    """Return the look of hover labels: dark on white, left aligned, never cut off."""
    return {
        "bgcolor": "white",
        "bordercolor": GREY_DARK,
        "font": {"family": FONT, "size": 12, "color": INK},
        "align": "left",
        "namelength": -1,
    }
