"""What an answer depends on and how sure it is, as plain text and as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np

from dse.explore.sensitivity import Sensitivity
from dse.explore.uncertainty import SHARE, Uncertainty
from dse.show.scale import TITLES, uncertainty_scale
from dse.show.text_table import text_table

MOST = 12  # numbers of a table, those of most weight


def sensitivity_text(found: Sensitivity, metric: str) -> str:
    """Return the numbers that a metric depends on most, and by how much."""
    largest = found.largest(metric, MOST)
    rows = [
        [
            str(name).replace("_", " "),
            _owner(found, str(name)),
            f"{value:+.2f} %",
        ]
        for name, value in largest.items()
    ]
    title = f"1 % more of a number changes {TITLES[metric].lower()} by:"
    return f"{title}\n\n{text_table(['number', 'of', 'change'], rows)}"


def _owner(found: Sensitivity, name: str) -> str:
    """Return whose a number is, and whether a metric is a staircase along it."""
    if name not in found.design.index:
        return "technology"
    return "design, in whole steps" if name in found.whole else "design"


def sensitivity_json(found: Sensitivity, metric: str) -> dict[str, Any]:
    """Return all elasticities of a metric, largest first."""
    return {
        "metric": metric,
        "elasticities": found.largest(metric, len(found.to_pandas())).to_dict(),
        "whole_numbers": list(found.whole),
    }


def uncertainty_text(found: Uncertainty) -> str:
    """Return the range of each metric over draws of what is assumed."""
    scale, rows = uncertainty_scale(found), []
    for metric, draws in found.metrics.items():
        unknown = float(np.isnan(draws).mean())
        (low,), (high,) = found.interval(metric)
        moved = ["", "no assumed number"]
        if unknown:
            moved = [f"not known in {unknown:.0%}", ""]
        elif high > low:
            ends = [scale.amount(metric, end) for end in (low, high)]
            moved = [" to ".join(ends), str(found.drivers(metric).index[0])]
        nominal = scale.amount(metric, found.nominal[metric][0])
        rows.append([scale.title(metric), nominal, *moved])
    heads = ["metric", "as it stands", f"{SHARE:.0%} of draws", "moved most by"]
    title = (
        "Every assumed number drawn from its range, 10,000 times; the error of the "
        "model itself is not in this:"
    )
    return f"{title}\n\n{text_table(heads, rows)}"


def uncertainty_json(found: Uncertainty) -> dict[str, Any]:
    """Return nominal, median, low and high of each metric, units in the names."""
    table = found.to_pandas().drop(columns="design").set_index("metric")
    return {"share_of_draws": SHARE, "metrics": table.to_dict(orient="index")}
