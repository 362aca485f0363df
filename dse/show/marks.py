"""The points of a front's plot: designs, the knee and the machines to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dse.evaluation import Metrics
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import Runs
from dse.show.labels import TITLES, hover_texts, metric_amount, shown_column
from dse.show.style import ACCENT, INK
from dse.units import from_si

Rows = np.ndarray[Any, Any]

MOST_MARKS = 20_000  # of a front; a longer one is thinned out evenly
_SYMBOLS = ("square", "diamond", "cross", "x")  # of reference machines, in turn
_ALWAYS_TOLD = ("throughput", "energy", "area", "power", "latency")


@dataclass(frozen=True)
class Mark:
    """A point with a name: its place in shown units, one number a metric."""

    name: str
    place: tuple[float, ...]
    hover: str
    symbol: str
    colour: str


@dataclass(frozen=True)
class Marks:
    """Designs of a front `[metrics, designs]` in shown units, and the named points."""

    front: Rows
    hover: list[str] | None
    named: list[Mark]

    def everything(self) -> Rows:
        """Return the places of all designs and named points, `[metrics, points]`."""
        named = [mark.place for mark in self.named]
        return np.concatenate(
            [self.front.T, *np.reshape(named, (1, -1, len(self.front)))]
        ).T


def thinned(runs: Runs, *, keep: Sequence[int] = ()) -> Runs:
    """Return some `MOST_MARKS` of the runs, evenly spread, and the rows to keep."""
    if len(runs) <= MOST_MARKS:
        return runs
    spread = np.linspace(0, len(runs) - 1, MOST_MARKS).astype(int)
    return runs.take(np.union1d(spread, np.asarray(keep, int)))


def marks(
    runs: Runs,
    metrics: Sequence[str],
    references: Mapping[str, Metrics],
    *,
    tells: bool = True,
) -> Marks:
    """Return the points to plot for the given metrics; `tells` what each design is."""
    told = list(dict.fromkeys([*metrics, *_ALWAYS_TOLD]))
    drawn = thinned(runs)
    named = []
    if runs.objectives:
        knee = runs.take([runs.knee()])
        place = tuple(float(shown_column(knee, m)[0]) for m in metrics)
        named.append(Mark("knee", place, hover_texts(knee, told)[0], "circle", ACCENT))
    for position, (name, found) in enumerate(references.items()):
        values = {m: float(getattr(found, m)) for m in told}
        place = tuple(from_si(values[m], SHOWN_UNITS[m]) for m in metrics)
        lines = [
            f"{TITLES[m]}: <b>{metric_amount(m, v)}</b>" for m, v in values.items()
        ]
        hover = "<br>".join([f"<b>{name}</b>", *lines])
        symbol = _SYMBOLS[position % len(_SYMBOLS)]
        named.append(Mark(name, place, hover, symbol, INK))
    return Marks(
        front=np.stack([shown_column(drawn, m) for m in metrics]),
        hover=hover_texts(drawn, told) if tells else None,
        named=named,
    )
