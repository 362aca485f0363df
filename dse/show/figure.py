"""A Plotly figure that never offers to upload itself and stays in a saved page."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import plotly.io

from dse.show.style import CONFIG, LEAST, house_layout

JUPYTER = "plotly_mimetype"  # what Plotly takes for a notebook: live, gone in a page
_PANEL = 300  # of them for each panel beside others


class Figure(go.Figure):  # type: ignore[misc]
    """A Plotly figure that is always shown under `CONFIG`, in a notebook or a file."""

    def show(self, *args: Any, **kwargs: Any) -> Any:
        """Show the figure; arguments are those of Plotly."""
        if not args and not kwargs and plotly.io.renderers.default == JUPYTER:
            return _display(self)
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
    return Figure(layout=house_layout(height=height, **layout))


def least_width(figure: go.Figure) -> int:
    """Return the pixels of a page that a figure needs for all that stands abreast."""
    starts = {next(iter(axis.domain or (0.0,))) for axis in figure.select_xaxes()}
    return panels_width(len(starts))


def panels_width(panels: int) -> int:
    """Return the pixels that panels beside each other need."""
    return max(LEAST, _PANEL * panels)


_carrier: list[str] = []  # the cell of this kernel whose output holds plotly.js


def _display(figure: Any) -> None:
    """Show a figure in a cell: live, and as HTML for pages that are made of it."""
    from IPython.display import display

    bundle = figure._repr_mimebundle_(renderer=JUPYTER)
    show: Any = display
    show(bundle | {"text/html": html_in_cell(figure)}, raw=True)


def html_in_cell(figure: go.Figure) -> str:
    """Return a figure as HTML for the pages that are made of a notebook.

    The first cell that has one brings plotly.js along, once for all of a page.
    """
    cell = _cell()
    if not _carrier:
        _carrier.append(cell)
    page = figure.to_html(
        full_html=False, include_plotlyjs=_carrier == [cell], include_mathjax=False
    )
    return f'<div style="min-width: {least_width(figure)}px">{page}</div>'


def _cell() -> str:
    """Return what tells the cell that runs from others, or which run it is."""
    from IPython import get_ipython

    shell: Any = get_ipython()
    parent: Any = getattr(shell, "parent_header", None) or {}
    about = parent.get("metadata", {}) if isinstance(parent, dict) else {}
    return str(about.get("cellId") or getattr(shell, "execution_count", ""))
