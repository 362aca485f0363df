"""What the script of a report works on: columns of the front and figures, as JSON."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dse.arrays import Rows
from dse.explore.runs import Runs
from dse.show.front_bars import FrontBars
from dse.show.parallel import parallel_axes
from dse.show.scale import Scale, rounded
from dse.show.style import CONFIG, Drawing
from dse.show.tables import CHANCE, Column

# A page draws boxes around designs, and gives its figures as SVG.
_CONFIG = CONFIG | {
    "modeBarButtonsToRemove": ["lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}


@dataclass(frozen=True)
class Placed:
    """A figure, the element it goes into, and for a front the metrics of its axes."""

    id: str
    figure: Drawing
    metrics: tuple[str, ...] = ()


def page_data(
    front: Runs,
    columns: Sequence[Column],
    figures: Sequence[Placed],
    scale: Scale,
    *,
    knee: int,
    budgets: Mapping[str, bool],
    bars: FrontBars | None = None,
    parts: Mapping[str, Any] | None = None,
) -> str:
    """Return the data of a page as JSON that may stand inside a script element.

    What one sees of a design on hovering is left to the script, which has the columns.
    """
    objectives = [scale.column_name(o.metric) for o in front.objectives]
    known = {*map(scale.column_name, scale.units), CHANCE}
    metrics = [column.name for column in columns if column.name in known]
    data = {
        "columns": [asdict(column) for column in columns],
        "metrics": len(metrics),
        "knee": knee,
        "budget": [
            {"name": scale.column_name(metric), "least": least}
            for metric, least in budgets.items()
        ],
        "objective": {"name": objectives[0], "maximize": front.objectives[0].maximize},
        "objectives": objectives,
        "figures": [
            {
                "id": placed.id,
                "figure": placed.figure,
                "metrics": [scale.column_name(m) for m in placed.metrics] or None,
            }
            for placed in figures
        ],
        "axes": parallel_axes(columns, metrics),
        "bars": bars and _ends(bars, scale),
        "config": _CONFIG,
        "parts": parts and dict(parts),
    }
    text = json.dumps(data, default=_packed, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _ends(bars: FrontBars, scale: Scale) -> dict[str, Any]:
    """Return both ends of each objective in the units of the page."""
    return {
        scale.column_name(metric): [
            rounded([scale.value(metric, value) for value in column]) for column in ends
        ]
        for metric, ends in bars.ends.items()
    }


def _packed(numbers: Rows) -> dict[str, str]:
    """Return an array of floats as plotly.js reads it: its bytes, and what they are."""
    packed = {
        "dtype": f"f{numbers.itemsize}",
        "bdata": b64encode(numbers.tobytes()).decode(),
    }
    shape = {"shape": ", ".join(map(str, numbers.shape))} if numbers.ndim > 1 else {}
    return packed | shape
