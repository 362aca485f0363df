"""Limits: what a machine must not exceed, as in `area <= 50 mm^2`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dse.errors import InputError, did_you_mean
from dse.evaluation import Metrics
from dse.explore.arguments import texts
from dse.explore.objectives import SHOWN_UNITS, THROUGHPUTS, metric_value
from dse.units import from_si, read_quantity, to_si

_LIMIT = re.compile(r"^\s*(\w+)\s*(<=|>=)\s*(.+?)\s*$")


@dataclass(frozen=True)
class Limit:
    """A metric, the side on which it must stay, and the bound in SI.

    `unit` is the one in which the bound was written.
    """

    metric: str
    at_most: bool
    bound: float
    unit: str

    def excess(self, metrics: Metrics) -> Any:
        """Return by how much a machine breaks the limit, in units of the bound.

        A bound of 0 has no size: there it counts in the unit that the metric is shown
        in, as in points of accuracy.
        """
        value = metric_value(metrics, self.metric)
        over = value - self.bound if self.at_most else self.bound - value
        return over / (abs(self.bound) or 1.0 / from_si(1.0, SHOWN_UNITS[self.metric]))

    def broken(self, values: Any) -> Any:
        """Say which values of the metric, in SI, break the limit."""
        return values > self.bound if self.at_most else values < self.bound

    def __str__(self) -> str:
        sign = "<=" if self.at_most else ">="
        return f"{self.metric} {sign} {from_si(self.bound, self.unit):g} {self.unit}"


def read_limits(given: Iterable[str], counted: str | None = None) -> tuple[Limit, ...]:
    """Read limits such as `power <= 5 W`.

    `counted` is what throughput counts where that is known (`Workload.counted`). Raises
    `InputError` for anything else, as for a bound without a unit, or one in seq/s where
    tokens are made.
    """
    asked = texts("limits", given, "area <= 50 mm^2")
    return tuple(_read(text, counted) for text in asked)


def _read(text: str, counted: str | None) -> Limit:
    match = _LIMIT.match(text)
    if match is None:
        raise InputError(
            f"limit {text!r}: write `metric <= bound`, as `area <= 50 mm^2`."
        )
    metric, sign, bound = match.groups()
    if metric not in SHOWN_UNITS:
        raise InputError(
            f"limit {text!r}: `{metric}` is not a metric."
            + did_you_mean(metric, SHOWN_UNITS)
        )
    try:
        number, unit = read_quantity(bound, SHOWN_UNITS[metric])
    except InputError as error:
        raise InputError(f"limit {text!r}: {error}") from None
    if counted is not None and metric == "throughput" and unit != THROUGHPUTS[counted]:
        raise InputError(
            f"limit {text!r}: a {counted} is counted here; write "
            f"`throughput {sign} {number:g} {THROUGHPUTS[counted]}`."
        )
    return Limit(metric, sign == "<=", to_si(number, unit), unit)
