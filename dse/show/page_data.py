"""What the script of a report works on: columns of the front, and its figures, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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

    The hover texts of the front, the same in all its plots, are written once.
    """
    plain = [_plain(placed) for placed in figures]
    hover = [text for figure in plain for text in _take_hover(figure)]
    objectives = [column_name(o.metric) for o in front.objectives]
    data = {
        "columns": [asdict(column) for column in columns],
        "metrics": sum(c.name in map(column_name, SHOWN_UNITS) for c in columns),
        "hover": hover[: len(front)],
        "knee": knee,
        "budget": [column_name(metric) for metric in budgets],
        "objective": {"name": objectives[0], "maximize": front.objectives[0].maximize},
        "objectives": objectives,
        "figures": plain,
        "config": CONFIG,
    }
    text = json.dumps(data, cls=PlotlyJSONEncoder, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _plain(placed: Placed) -> dict[str, Any]:
    metrics = [column_name(metric) for metric in placed.metrics] or None
    return {"id": placed.id, "figure": placed.figure.to_plotly_json(), "metrics": metrics}


def _take_hover(plain: Mapping[str, Any]) -> list[str]:
    """Remove the hover texts of a front from its figure, and return them."""
    if plain["metrics"] is None:
        return []
    front = next(t for t in plain["figure"]["data"] if t["name"] == "front")
    return list(front.pop("hovertext"))
