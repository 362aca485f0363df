"""A Plotly figure that never offers to upload itself."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from dse.show.style import CONFIG, house_layout


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
    return Figure(layout=house_layout(height=height, **layout))
