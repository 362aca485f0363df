"""The report of a study: one HTML file that opens by itself, without a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from itertools import combinations
from pathlib import Path
from string import Template

import numpy as np
import pandas as pd
from plotly.offline import get_plotlyjs

from dse.evaluation import Metrics, evaluate
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import Runs, column_name
from dse.explore.study import Study
from dse.explore.summary import Summary, summarize
from dse.show import basis, words
from dse.show.background import Sampler
from dse.show.choices import choices_table
from dse.show.labels import TITLES, component_label, shown_unit
from dse.show.marks import thinned
from dse.show.page_data import Placed, page_data
from dse.show.plots import plot_breakdown, plot_front, plot_time
from dse.show.tables import front_columns, html_head, html_table
from dse.units import from_si

BUDGETS = ("area", "power", "energy")  # what a reader may bound
_PAGE = Path(__file__).parent / "page"


@dataclass(frozen=True, eq=False)
class _Findings:
    """All that a report tells: the summary of a front, and what it is seen against."""

    summary: Summary
    drawn: Runs  # the designs of the front that the page holds
    knee: Metrics
    references: dict[str, Metrics]
    background: Runs

    @property
    def study(self) -> Study:
        return self.summary.study


def write_report(
    study: Study, front: Runs, path: str | Path, *, background: Runs | None = None
) -> Path:
    """Write what a study found as one HTML page, and return where it is.

    The page holds all it needs: the answer in words, the front in three and in two
    metrics before the density of all designs, budgets to bound it, its table, where
    energy, area and time of its knee go beside the reference machines, and the sources.
    The density is that of `background`, or of 20,000 designs drawn and evaluated now.
    Raises `InputError` for an empty front.
    """
    sampler = Sampler(study)
    summary = summarize(study, front)
    found = _Findings(
        summary=summary,
        drawn=thinned(front, keep=_named_rows(summary)),
        knee=_evaluate_row(study, front, summary.knee),
        background=background if background is not None else sampler.draw(),
    )
    return _write(Path(path), _page(found))
