"""Designs as lines over parallel axes: metrics first, then what the space moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dse.show.labels import number
from dse.show.log_axis import metric_axis
from dse.show.tables import Column

_MOST_NAMED = 10  # values of a field that its axis has room for


def parallel_axes(
    columns: Sequence[Column], metrics: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the axes of a page's lines, as plain data.

    `metrics` names the columns that are numbers with a unit; of all others, those that
    have more than one value are shown, a step for each. Metrics lie along logarithms
    where all are above 0; one that is not known somewhere is left out. `ends` and the
    places of `ticks` are along the axis: logarithms, or numbers of steps.
    """
    axes = []
    for column in columns[1:]:  # the first numbers the designs
        if len(set(column.values)) < 2 or None in column.values:
            continue
        own = _metric(column) if column.name in metrics else _field(column)
        unit = f" ({column.unit})" if column.unit else ""
        axes.append({"name": column.name, "label": column.title + unit, **own})
    return axes


def _metric(column: Column) -> dict[str, Any]:
    values = np.asarray(column.values, float)
    axis = metric_axis("", values, most=6)
    log = axis["type"] == "log"
    ticks = np.asarray(axis["tickvals"], float)
    places = (np.log10(ticks) if log else ticks).tolist()
    return {
        "kind": "log" if log else "linear",
        "ends": list(axis["range"]),
        "ticks": [*map(list, zip(places, axis["ticktext"], strict=True))],
    }


def _field(column: Column) -> dict[str, Any]:
    distinct = sorted(set(column.values))
    step = -(-len(distinct) // _MOST_NAMED)
    named = range(0, len(distinct), step)
    return {
        "kind": "steps",
        "values": distinct,
        "ends": [-0.4, len(distinct) - 0.6],
        "ticks": [[i, _text(distinct[i])] for i in named],
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else number(float(value), 4)
