"""What the script of a report works on: columns of the front and figures, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from plotly.utils import PlotlyJSONEncoder

from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import Runs, column_name
from dse.show.figure import CONFIG, Figure
from dse.show.tables import Column


@dataclass(frozen=True)
class Placed:
    """A figure, the element it goes into, and for a front the metrics of its axes."""

    id: str
    figure: Figure
    metrics: tuple[str, ...] = ()


def page_data(
    front: Runs,
    columns: Sequence[Column],
    figures: Sequence[Placed],
    *,
    knee: int,
    budgets: Sequence[str],
) -> str:
    """Return the data of a page as JSON that may stand inside a script element.

    What one sees of a design on hovering is left to the script, which has the columns.
    """
    objectives = [column_name(o.metric) for o in front.objectives]
    data = {
        "columns": [asdict(column) for column in columns],
        "metrics": sum(c.name in map(column_name, SHOWN_UNITS) for c in columns),
        "knee": knee,
        "budget": [column_name(metric) for metric in budgets],
        "objective": {"name": objectives[0], "maximize": front.objectives[0].maximize},
        "objectives": objectives,
        "figures": [_plain(placed) for placed in figures],
        "config": CONFIG,
    }
    text = json.dumps(data, cls=PlotlyJSONEncoder, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _plain(placed: Placed) -> dict[str, Any]:
    figure = placed.figure.to_plotly_json()
    for trace in figure["data"]:
        if trace["name"] == "front":
            del trace["hovertext"]
    metrics = [column_name(metric) for metric in placed.metrics] or None
    return {"id": placed.id, "figure": figure, "metrics": metrics}
