"""How a page shows metrics: one unit for each kind of quantity, and what is counted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dse.arrays import Rows
from dse.evaluation import Metrics
from dse.explore.accuracy import grounds, grounds_of
from dse.explore.objectives import SHOWN_UNITS, THROUGHPUTS
from dse.explore.runs import Runs, column_name, from_si_column
from dse.show.labels import amount, shown_unit
from dse.units import from_si, measures, to_si

if TYPE_CHECKING:
    from dse.explore.uncertainty import Uncertainty

TITLES = {
    "throughput": "Throughput",
    "latency": "Latency of a batch",
    "energy": "Energy per sequence",
    "power": "Power",
    "area": "Chip area",
    "energy_delay": "Energy × delay per sequence",
    "batch_energy_delay": "Energy × delay of a batch",
    "peak_rate": "Peak rate",
    "effective_rate": "Effective rate",
    "accuracy_drop": "Accuracy lost",
    "accuracy_spread": "Accuracy, standard deviation",
    "budget_use": "Fullest budget",
    "power_density": "Power density",
    "wear": "Wear",
    "clock_use": "Clock, of the highest",
    "time_to_first_token": "Time to first token",
    "time_per_output_token": "Time per output token",
    "tokens_per_second": "Tokens per second",
    "energy_per_token": "Energy per token",
    "edge_use": "Edge under memory PHYs",
    "capacity_use": "Main memory in use",
    "weight_memory": "Weights in main memory",
    "cache_memory": "Keys and values in main memory",
    "activation_memory": "Activations in main memory",
}
_STEPS = {  # units that a page may choose from, the largest first
    "time": ("s", "ms", "us", "ns"),
    "energy": ("J", "mJ", "uJ", "nJ", "pJ"),
    "energy delay": ("J s", "mJ s", "uJ s", "nJ s"),
    "power": ("W", "mW", "uW"),
    "rate": ("TOP/s", "GOP/s"),
    "information": ("GB", "MB", "kB", "B"),
    "memory": ("GiB", "MiB", "KiB", "B"),  # what is held, by powers of two
}


@dataclass(frozen=True)
class Scale:
    """The unit of each metric on one page, and what is counted there.

    Metrics of one kind have one unit, and so have the parts that they are made of.
    """

    units: Mapping[str, str]
    counted: str
    subject: str = ""

    def title(self, metric: str) -> str:
        """Return what a metric is called: `Energy per token`.

        An accuracy is never told without what it was measured on.
        """
        known = self.subject and metric.startswith("accuracy")
        return f"{self.name(metric)} ({self.subject})" if known else self.name(metric)

    def name(self, metric: str) -> str:
        """Return what a metric is called where it is told of what it is."""
        return TITLES[metric].replace("sequence", self.counted)

    def axis_title(self, metric: str) -> str:
        """Return the title of an axis or a column: `Chip area (mm²)`."""
        return f"{self.title(metric)} ({self.shown_unit(metric)})"

    def shown_unit(self, metric: str) -> str:
        """Return the unit of a metric as it is printed."""
        return shown_unit(self.units[metric])

    def value(self, metric: str, value_si: Any) -> float:
        """Return a metric in the unit of the page."""
        return from_si(float(value_si), self.units[metric])

    def amount(self, metric: str, value_si: Any) -> str:
        """Return a metric with its unit, as in `17.4 mJ`, if it is known."""
        value = float(value_si)
        return "not known" if math.isnan(value) else amount(value, self.units[metric])

    def span(self, metric: str, ends_si: Iterable[Any]) -> str:
        """Return between what a metric lies, as `11.2 to 17.4 mJ`; one end if equal."""
        ends = list(dict.fromkeys(self.amount(metric, end) for end in ends_si))
        unit = f" {self.shown_unit(metric)}"
        return " to ".join([*(end.removesuffix(unit) for end in ends[:-1]), *ends[-1:]])

    def column(self, runs: Runs, metric: str) -> Rows:
        """Return a metric of runs in the unit of the page, `[designs]`."""
        return from_si_column(runs.column(metric), self.units[metric])

    def column_name(self, metric: str) -> str:
        """Return the name of that column, unit included."""
        return column_name(metric, self.units[metric])


def scale_of(shown: Runs | Metrics) -> Scale:
    """Return how a page about a front, or about one machine, shows metrics."""
    if isinstance(shown, Runs):
        columns = {n: c[shown.reason == ""] for n, c in shown.metrics.items()}
        return scale_for(
            columns, shown.basis.counted, grounds(shown.space, shown.basis).label
        )
    known = {name: getattr(shown, name) for name in SHOWN_UNITS}
    columns = {n: np.atleast_1d(v) for n, v in known.items() if v is not None}
    return scale_for(columns, shown.counted, grounds_of(shown).label)


def uncertainty_scale(found: Uncertainty) -> Scale:
    """Return how error bars of machines are shown."""
    label = grounds(found.space, found.basis).label
    return scale_for(found.nominal, found.basis.counted, label)


def scale_for(columns: Mapping[str, Any], counted: str, subject: str = "") -> Scale:
    """Return the scale for SI columns of metrics, by name.

    The middle one of the values of a kind is at least 1 in the unit of that kind.
    """
    units = {**SHOWN_UNITS, "throughput": THROUGHPUTS[counted]}
    for kind in _STEPS:
        own = [name for name, unit in units.items() if _kind(unit) == kind]
        values = [np.ravel(columns[name]) for name in own if name in columns]
        if values:
            units |= dict.fromkeys(own, scaled_unit(np.concatenate(values), kind))
    return Scale(units, counted, subject)


def _kind(unit: str) -> str:
    return "memory" if unit in _STEPS["memory"] else measures(unit)


def rounded(values: Rows | Sequence[float]) -> list[float]:
    """Return numbers of four digits, as a page holds them."""
    return [float(f"{value:.4g}") for value in values]


def scaled_unit(values_si: Sequence[float] | Rows, kind: str) -> str:
    """Return the largest unit of a kind in which the middle one of values is 1 or more.

    `kind` is `energy`, `time`, `power`, `rate`, `information` that moves or `memory`
    that holds it. The smallest where all are 0.
    """
    values = np.abs(np.asarray(values_si, float))
    values = values[np.isfinite(values) & (values > 0)]
    middle = float(np.median(values)) if len(values) else 0.0
    fitting = (unit for unit in _STEPS[kind] if to_si(1.0, unit) <= middle)
    return next(fitting, _STEPS[kind][-1])
