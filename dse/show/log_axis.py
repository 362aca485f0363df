"""Axes that read well: logarithmic, or linear where a value is 0 or below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.show.labels import number
from dse.show.style import GREY_DARK, RULE


def log_range(values: Rows, *, margin: float = 0.06) -> tuple[float, float]:
    """Return the decimal logarithms between which an axis shows all values."""
    logs = np.log10(values)
    low, high = float(logs.min()), float(logs.max())
    room = max(margin * (high - low), 0.01)
    return low - room, high + room


def log_ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Return round values between 10^low and 10^high, at most `most` of them.

    Powers of ten, or 1-2-5, or 1-3, where an axis spans decades; else even steps.
    """
    ticks = _round_values((1, 2, 5), low, high)
    if len(ticks) < 3:
        return _even_ticks(10.0**low, 10.0**high, most)
    for digits in ((1, 3), (1,)):
        if len(ticks) <= most:
            return ticks
        ticks = _round_values(digits, low, high)
    return ticks[:: math.ceil(len(ticks) / most)]


def _round_values(digits: Sequence[int], low: float, high: float) -> list[float]:
    """Return the values of one of the digits and zeros between 10^low and 10^high."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    values = [digit * 10.0**power for power in powers for digit in digits]
    return [value for value in values if low <= math.log10(value) <= high]


def _even_ticks(low: float, high: float, most: int) -> list[float]:
    """Return the finest even steps of round size of which at most `most` fit."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for digit in (1, 2, 2.5, 5, 10, 20):
        step = digit * power
        first, last = math.ceil(low / step), math.floor(high / step)
        if last - first < most:
            break
    return [i * step for i in range(first, last + 1)]


def metric_axis(title: str, shown: Rows, *, most: int = 6) -> dict[str, Any]:
    """Return the layout of the axis of a metric with a title, and at most `most` ticks.

    `shown` holds all values that it must show, in the unit that people read. A metric
    that may be 0, as the accuracy lost, gets a linear axis where it is.
    """
    kind = "log" if shown.min() > 0.0 else "linear"
    if kind == "log":
        low, high = log_range(shown)
        ticks = log_ticks(low, high, most=most)
    else:
        room = 0.06 * float(np.ptp(shown)) or 1.0
        low, high = float(shown.min()) - room, float(shown.max()) + room
        ticks = _even_ticks(low, high, most)
    return {
        "type": kind,
        "range": [low, high],
        "title": {"text": title},
        "tickvals": ticks,
        "ticktext": [number(tick, 4) for tick in ticks],
        "gridcolor": RULE,
        "linecolor": GREY_DARK,
        "showline": True,
        "zeroline": False,
    }


def along(axis: dict[str, Any], values: Any) -> Rows:
    """Return how far along an axis values lie: their logarithms where it has those."""
    return np.log10(values) if axis["type"] == "log" else np.asarray(values, float)


def value_at(axis: dict[str, Any], place: Any) -> Any:
    """Return the values at places along an axis."""
    return 10.0**place if axis["type"] == "log" else place
