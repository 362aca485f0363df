"""The view of a notebook; the only file that imports anywidget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anywidget
import traitlets

from dse.engines.base import Engine
from dse.evaluation import Metrics
from dse.explore.runs import Runs
from dse.show.figure import html_in_cell
from dse.show.marks import thinned
from dse.show.page_data import page_data
from dse.show.plots import plot_front
from dse.show.scale import scale_of
from dse.show.selection import Ranges, Selector
from dse.show.tables import front_columns
from dse.show.view import (
    budgets_of,
    front_views,
    packed_plotly,
    page_part,
    view_html,
    view_script,
    view_style,
)

if TYPE_CHECKING:
    import pandas as pd


def _script() -> str:
    plotly = f'const PLOTLY = "{packed_plotly()}";'
    return "\n".join([view_script(), plotly, page_part("widget.js")])


class ExplorerView(anywidget.AnyWidget):
    """A front and all results behind it, and what is chosen of them."""

    _esm = _script()
    _css = view_style()
    html = traitlets.Unicode().tag(sync=True)
    page = traitlets.Unicode().tag(sync=True)
    told = traitlets.Unicode().tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)  # ranges, and the number of a design
    still = traitlets.Unicode().tag(sync=True)  # the id of a figure in its place

    def __init__(
        self, results: Runs, front: Runs, references: Mapping[str, Metrics]
    ) -> None:
        self._front, self._references = front, references
        scale = scale_of(front)
        self._results = results
        self._selector = Selector(results, scale)
        knee = front.knee()
        drawn = thinned(front, keep=[knee])
        columns = front_columns(drawn, scale)
        fronts = front_views(drawn, references, scale, results)
        budgets = budgets_of(front)
        place = int((drawn.index == front.index[knee]).argmax())
        page = page_data(drawn, columns, fronts, scale, knee=place, budgets=budgets)
        html = view_html(
            columns,
            fronts,
            scale,
            budgets=budgets,
            density=f"Grey: all {len(results):,} results. Blue: their front.",
            table_note=f"The {len(drawn):,} designs of the front that are drawn.",
        )
        first = {"ranges": {}, "design": int(front.index[knee])}
        still = f"dse-still-{uuid4().hex}"
        super().__init__(html=html, page=page, chosen=first, still=still)
        self._tell()

    def _ipython_display_(self) -> None:
        """Show it, after a figure that stands where no view can be drawn.

        As in a page that is made of the notebook, and opened without a network. The
        view removes it.
        """
        from IPython.display import display

        figure = html_in_cell(plot_front(self._front, references=self._references))
        data, about = self._repr_mimebundle_() or ({}, {})
        show: Any = display
        show({"text/html": f'<div id="{self.still}">{figure}</div>'}, raw=True)
        show(data, metadata=about, raw=True)

    @property
    def ranges(self) -> Ranges:
        """What is chosen: both ends of metrics, values of fields, by column."""
        return dict(self.chosen["ranges"])

    @property
    def runs(self) -> Runs:
        """The results within what is chosen."""
        return self._results.take(self._selector.rows(self.ranges))

    @property
    def selection(self) -> pd.DataFrame:
        """The rows of all results within what is chosen, as a table."""
        return self.runs.to_pandas()

    @property
    def design(self) -> Engine:
        """The machine that was clicked, at first the knee."""
        return self._results.design(int(self.chosen["design"]))

    @traitlets.observe("chosen")
    def _tell(self, _: Any = None) -> None:
        count = int(self._selector.mask(self.ranges).sum())
        self.told = f"{count:,} of all {len(self._results):,} results are within it."
