"""Axes of a space: the values that one field of a design may take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dse.errors import InputError


@dataclass(frozen=True)
class Axis:
    """The values of one field, in order: numbers, or labels of a choice."""

    values: tuple[float | str, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise InputError("an axis needs at least one value.")
        if any(isinstance(v, Sequence) and not isinstance(v, str) for v in self.values):
            raise InputError(
                f"an axis holds numbers or labels, not lists: {list(self.values)}."
            )
        if len(set(self.values)) != len(self.values):
            raise InputError(f"an axis names a value twice: {list(self.values)}.")

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Continuous:
    """All numbers between two ends: no grid, so that only a tuner can move along it."""

    low: float
    high: float


@dataclass(frozen=True)
class Tied:
    """A field that follows from others, as `issue_batch = "pes / 8"`."""

    expression: str


def choice(*values: float | str) -> Axis:
    """Return an axis of the given values: `choice("relu", "gelu")`, `choice(1, 16)`."""
    return Axis(tuple(values))


def powers_of_two(low: float, high: float) -> Axis:
    """Return an axis low, 2 low, 4 low, ... up to high; `InputError` where empty."""
    if not 0 < low <= high:
        raise InputError(f"powers_of_two({low:g}, {high:g}): give 0 < low <= high.")
    return Axis(tuple(low * 2**i for i in range(int(math.log2(high / low) + 1e-9) + 1)))


def integers(low: int, high: int, step: int = 1) -> Axis:
    """Return an axis of whole numbers from low to high, both included."""
    if step < 1 or not low <= high:
        raise InputError(
            f"integers({low}, {high}, {step}): give low <= high, and step >= 1."
        )
    return Axis(tuple(float(i) for i in range(low, high + 1, step)))


def interval(low: float, high: float, points: int, *, log: bool = False) -> Axis:
    """Return an axis of points from low to high, evenly spaced (`log`: in ratio)."""
    if points < 2 or not low < high or (log and low <= 0):
        raise InputError(
            f"interval({low:g}, {high:g}, {points}): give low < high, at least two "
            "points, and low > 0 for a log scale."
        )
    shares = [i / (points - 1) for i in range(1, points - 1)]
    if log:
        between = [low * (high / low) ** share for share in shares]
    else:
        between = [low + (high - low) * share for share in shares]
    return Axis((low, *between, high))


def continuous(low: float, high: float) -> Continuous:
    """Return an axis of all numbers from low to high, for `dse.tune`.

    A sweep needs a grid instead: `interval(low, high, points)`. Raises `InputError`
    unless low < high.
    """
    if not low < high:
        raise InputError(f"continuous({low:g}, {high:g}): give low < high.")
    return Continuous(float(low), float(high))


def tied(expression: str) -> Tied:
    """Return a field that is worked out from others: `tied("pes / 8")`."""
    return Tied(expression)


def read_axis(name: str, given: object) -> Axis | Continuous | Tied:
    """Read an axis as a person or a file may write it: an axis, or a plain list."""
    if isinstance(given, Axis | Continuous | Tied):
        return given
    if isinstance(given, Sequence) and not isinstance(given, str):
        return Axis(tuple(given))
    raise InputError(
        f"axis `{name}` is {given!r}; give a list of values, `choice(...)`, "
        "`powers_of_two(low, high)`, `integers(low, high)`, "
        "`interval(low, high, points)`, `continuous(low, high)` or `tied(expression)`."
    )
