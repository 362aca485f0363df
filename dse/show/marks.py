"""The points of a front's plot: designs, the knee and the machines to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dse.arrays import Rows
from dse.evaluation import Metrics
from dse.explore.runs import Runs
from dse.explore.space import meaning_of
from dse.show.labels import buildable_label, field_label, field_value
from dse.show.scale import Scale
from dse.show.style import ACCENT, INK

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
    scale: Scale,
    *,
    tells: bool = True,
) -> Marks:
    """Return the points to plot for the given metrics; `tells` what each design is."""
    told = list(dict.fromkeys([*metrics, *_ALWAYS_TOLD]))
    drawn = thinned(runs)
    named = []
    if runs.objectives:
        knee = runs.take([runs.knee()])
        place = tuple(float(scale.column(knee, m)[0]) for m in metrics)
        hover = hover_texts(knee, told, scale)[0]
        named.append(Mark("knee", place, hover, "circle", ACCENT))
    for position, (name, found) in enumerate(references.items()):
        values = {m: float(getattr(found, m)) for m in told}
        place = tuple(scale.value(m, values[m]) for m in metrics)
        lines = [
            f"{scale.title(m)}: <b>{scale.amount(m, v)}</b>" for m, v in values.items()
        ]
        built = buildable_label("; ".join(found.cannot_be_built))
        lines.append(f"Buildable: <b>{built}</b>")
        hover = "<br>".join([f"<b>{name}</b>", *lines])
        symbol = _SYMBOLS[position % len(_SYMBOLS)]
        named.append(Mark(name, place, hover, symbol, INK))
    return Marks(
        front=np.stack([scale.column(drawn, m) for m in metrics]),
        hover=hover_texts(drawn, told, scale) if tells else None,
        named=named,
    )


def hover_texts(runs: Runs, metrics: Sequence[str], scale: Scale) -> list[str]:
    """Return for each run its number, some metrics and its design, with units."""
    lines = [[f"<b>Design {index:,}</b>" for index in runs.index]]
    for metric in metrics:
        amounts = (scale.amount(metric, value) for value in runs.metrics[metric])
        lines.append([f"{scale.title(metric)}: <b>{text}</b>" for text in amounts])
    built = [buildable_label(reason) for reason in runs.cannot_be_built]
    lines.append([f"Buildable: <b>{text}</b>" for text in built])
    for field, values in runs.space.decode(runs.index).items():
        known = meaning_of(runs.space.design, field)
        label = field_label(field, known.unit)
        different, which = np.unique(values, return_inverse=True)  # few of many
        texts = [f"{label}: {field_value(known, field, v)}" for v in different]
        lines.append([texts[place] for place in which])
    return ["<br>".join(parts) for parts in zip(*lines, strict=True)]
