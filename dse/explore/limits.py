"""Limits: what a machine must not exceed, as in `area <= 50 mm^2`."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass

import numpy as np

from dse.arguments import flag, texts
from dse.arrays import Rows, Values
from dse.errors import InputError, did_you_mean
from dse.evaluation import Metrics
from dse.explore.objectives import (
    LARGEST,
    LINEAR,
    SHOWN_UNITS,
    THROUGHPUTS,
    metric_value,
)
from dse.hardware.buildable import (
    BUILDABLE,
    CANNOT,
    DOES_NOT_FIT,
    FIT,
    FITS,
    Bound,
    bounds,
)
from dse.units import from_si, read_quantity, to_si

EXAMPLE = "area <= 50 mm^2"
_LIMIT = re.compile(r"^\s*(\w+)\s*(<=|>=)\s*(.+?)\s*$")


@dataclass(frozen=True)
class Limit:
    """A metric, the side on which it must stay, and the bound in SI.

    `unit` is the one in which the bound was written; `physical` says what sets a bound
    that no chip can pass, '' for a limit that a person set.
    """

    metric: str
    at_most: bool
    bound: float
    unit: str
    physical: str = ""

    def excess(self, metrics: Metrics) -> Values:
        """Return by how much a machine breaks the limit, in units of the bound.

        A bound of 0 has no size: there it counts in the unit that the metric is shown
        in, as in points of accuracy.
        """
        value = metric_value(metrics, self.metric)
        over = value - self.bound if self.at_most else self.bound - value
        return over / (abs(self.bound) or 1.0 / from_si(1.0, SHOWN_UNITS[self.metric]))

    @property
    def reason(self) -> str:
        """What is said of a machine that breaks it."""
        if self.physical:
            begins = DOES_NOT_FIT if self.metric == FIT.metric else CANNOT
            return f"{begins} {self} ({self.physical})"
        return f"breaks {self}"

    def broken(self, values: Rows) -> Rows:
        """Say which values of the metric, in SI, break the limit; NaN does."""
        kept = values <= self.bound if self.at_most else values >= self.bound
        return np.logical_not(kept)

    def __str__(self) -> str:
        sign = "<=" if self.at_most else ">="
        return f"{self.metric} {sign} {from_si(self.bound, self.unit):g} {self.unit}"


def read_limits(given: Iterable[str], counted: str | None = None) -> tuple[Limit, ...]:
    """Read limits such as `power <= 5 W`; `buildable` stands for those of any chip.

    `fits` is the last of these alone: that main memory holds the run.

    `counted` is what throughput counts where that is known (`Workload.counted`). Raises
    `InputError` for anything else, as for a bound without a unit, or one in seq/s where
    tokens are made.
    """
    asked = texts("limits", given, EXAMPLE)
    found: list[Limit] = []
    named = {BUILDABLE: [*bounds(), FIT], FITS: [FIT]}
    for text in asked:
        known = named.get(text.strip())
        found += [_read(text, counted)] if known is None else map(_limit, known)
    return tuple(found)


def build_limits() -> list[Limit]:
    """Return the limits that every chip must keep to be built."""
    return [_limit(bound) for bound in bounds()]


def _limit(bound: Bound) -> Limit:
    return Limit(bound.metric, True, bound.most, bound.unit, bound.why)


def with_buildable(limits: Iterable[str], buildable: bool) -> tuple[str, ...]:
    """Return limits with those of any chip among them, or without."""
    others = [t for t in texts("limits", limits, EXAMPLE) if t.strip() != BUILDABLE]
    return (BUILDABLE, *others) if flag("buildable", buildable) else tuple(others)


def applicable(limits: Iterable[Limit], known: Container[str]) -> tuple[Limit, ...]:
    """Return limits without physical ones on what such a machine does not have.

    As wear, where no cells wear.
    """
    return tuple(each for each in limits if not each.physical or each.metric in known)


def _read(text: str, counted: str | None) -> Limit:
    match = _LIMIT.match(text)
    if match is None:
        raise InputError(
            f"limit {text!r}: write `metric <= bound`, as `{EXAMPLE}`, `{BUILDABLE}` "
            f"or `{FITS}`."
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
    found = Limit(metric, sign == "<=", to_si(number, unit), unit)
    fault = _out_of_reach(found)
    if fault:
        raise InputError(f"limit {text!r}: `{metric}` is {fault}.")
    return found


def _out_of_reach(limit: Limit) -> str:
    """Return why every machine keeps a limit, or none does; '' where some may."""
    if limit.bound < 0:
        return "never below 0; give a bound above it"
    if limit.bound == 0 and limit.at_most and limit.metric not in LINEAR:
        return "always above 0; give a bound above it"
    if limit.bound > LARGEST.get(limit.metric, np.inf):
        return "never above 100 %; give a bound up to that"
    return ""
