"""What an answer depends on and how sure it is, as plain text and as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dse.explore.draws import SHARE
from dse.explore.model_error import evidence_text
from dse.explore.runs import file_units
from dse.explore.sensitivity import Sensitivity
from dse.explore.uncertainty import Part, Uncertainty
from dse.show.labels import sensitivity_label
from dse.show.scale import TITLES, Scale, uncertainty_scale
from dse.show.text_table import prose, text_table
from dse.units import from_si

if TYPE_CHECKING:
    import pandas as pd

MOST = 12  # numbers of a table, those of most weight
_LEAST = 0.005  # share of a bar that is told
_STILL = "-"  # of what no draw moves


def sensitivity_text(found: Sensitivity, metric: str) -> str:
    """Return the numbers that a metric depends on most, and by how much."""
    largest = found.largest(metric, MOST)
    rows = [
        [
            sensitivity_label(found, str(name)),
            _owner(found, str(name)),
            f"{value:+.2f} %",
        ]
        for name, value in largest.items()
    ]
    title = f"1 % more of a number changes {TITLES[metric].lower()} by:"
    return f"{prose(title)}\n\n{_table(['number', 'of', 'change'], rows)}"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    return text_table(heads, rows)


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
    """Return the range of each metric over draws of all that is not known of it."""
    scale, rows = uncertainty_scale(found), []
    for metric, draws in found.metrics.items():
        unknown = float(np.isnan(draws).mean())
        bars = [_bar(found, scale, metric, part) for part in ("all", "numbers")]
        most = ""
        if unknown:
            bars = [f"not known in {unknown:.0%}", ""]
        elif bars[1] != _STILL:
            most = str(found.drivers(metric, part="numbers").index[0])
        nominal = scale.amount(metric, found.nominal[metric][0])
        if scale.subject and metric.startswith("accuracy"):
            nominal += f" ({scale.subject})"
        rows.append([scale.name(metric), nominal, *bars, most])
    heads = [
        *("metric", "as it stands", f"{SHARE:.0%} of draws"),
        *("by assumed numbers alone", "most by"),
    ]
    title = (
        "Every assumed number drawn from its range, and the error of the model from "
        f"what was learned of it, {len(draws.T):,} times:"
    )
    told = prose(title), _table(heads, rows)
    return "\n\n".join([*told, prose(_evidence(found))])


def _evidence(found: Uncertainty) -> str:
    basis = found.basis
    return evidence_text(found.space.design, basis.technology, basis.workloads)


def next_text(unknowns: pd.Series[float], metric: str) -> str:
    """Return the unknowns that a metric's bar hangs on most, as shares of it."""
    rows = [
        [str(name), f"{share:.1%}"]
        for name, share in unknowns.head(MOST).items()
        if share >= _LEAST
    ]
    title = f"What the bar of {TITLES[metric].lower()} hangs on, to be found out next:"
    return f"{prose(title)}\n\n{_table(['unknown', 'share of the spread'], rows)}"


def choice_text(unknowns: pd.DataFrame, choices: int) -> str:
    """Return the unknowns that would change a choice, how often and by what gain."""
    among = f"Among the best design and the {choices - 1} one step beside it"
    rows = [
        [str(name), f"{row.changes:.0%}", f"{row.gain:.2%}"]
        for name, row in unknowns.head(MOST).iterrows()
        if row.gain > 0.0
    ]
    if not rows:
        return prose(
            f"{among}, nothing that is not known would change the choice, if it were."
        )
    title = f"{among}, what would change the choice if it were known, most first:"
    heads = ["unknown", "another choice", "better by"]
    return f"{prose(title)}\n\n{_table(heads, rows)}"


def _bar(found: Uncertainty, scale: Scale, metric: str, part: Part) -> str:
    (low,), (high,) = found.interval(metric, part=part)
    if not high > low * (1.0 + 1e-9):
        return _STILL
    return scale.span(metric, (low, high))


def uncertainty_json(found: Uncertainty) -> dict[str, Any]:
    """Return nominal, median, low and high of each metric, units in the names.

    Of each part too: low and high of the assumed numbers alone, and of the model alone.
    """
    table = found.to_pandas().drop(columns="design").set_index("metric")
    told: dict[Any, Any] = table.to_dict(orient="index")
    for row, metric in zip(told.values(), found.metrics, strict=True):
        unit = file_units(found.basis.counted)[metric]
        for part in ("numbers", "model"):
            (low,), (high,) = found.interval(metric, part=part)
            row[f"{part}_low"] = from_si(float(low), unit)
            row[f"{part}_high"] = from_si(float(high), unit)
    return {
        "share_of_draws": SHARE,
        "metrics": told,
        "model_error": _evidence(found),
    }
