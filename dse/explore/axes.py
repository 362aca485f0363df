"""Axes of a space: the values that one field of a design may take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dse.arguments import flag, several
from dse.errors import InputError, check_kind, quoted

MOST = 1_000_000  # values of an axis
GREATEST = 1e300  # of its ends
_REAL = (int, float, np.integer, np.floating)


@dataclass(frozen=True)
class Axis:
    """The values of one field, in order: numbers, or labels of a choice."""

    values: tuple[float | str, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise InputError("an axis has no value; give at least one.")
        for value in self.values:
            if isinstance(value, str):
                continue
            number = value.item() if isinstance(value, np.generic) else value
            if not isinstance(number, int | float) or not abs(number) <= GREATEST:
                raise InputError(
                    f"a value of an axis is {quoted(value)}; give numbers that are "
                    "finite, or labels."
                )
        if len(set(self.values)) != len(self.values):
            raise InputError(
                f"a value of an axis stands twice: {list(self.values)}; remove one."
            )

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


AxisLike = Axis | Continuous | Tied | Sequence[float | str]  # as a person writes it


def choice(*values: float | str) -> Axis:
    """Return an axis of the given values: `choice("relu", "gelu")`, `choice(1, 16)`.

    Examples:
        >>> space = dse.Space("tile:edge", non_linearity=dse.choice("relu", "gelu"))
        >>> space.size
        2
    """
    return Axis(tuple(values))


def powers_of_two(low: float, high: float) -> Axis:
    """Return an axis low, 2 low, 4 low, ... up to high; `InputError` where empty.

    Examples:
        >>> dse.powers_of_two(16, 128)
        Axis(values=(16, 32, 64, 128))
    """
    _check("powers_of_two", low=low, high=high)
    if not 0 < low <= high or high / low > GREATEST:
        raise InputError(f"`powers_of_two({low:g}, {high:g})`: give 0 < low <= high.")
    return Axis(tuple(low * 2**i for i in range(int(math.log2(high / low) + 1e-9) + 1)))


def integers(low: int, high: int, step: int = 1) -> Axis:
    """Return an axis of whole numbers from low to high, both included.

    Examples:
        >>> space = dse.Space("tile:edge", pes=dse.integers(16, 64, 16))
        >>> space.size
        4
    """
    _check("integers", low=low, high=high, step=step)
    ends = [float(low), float(high), float(step)]
    if step < 1 or not low <= high or not all(end.is_integer() for end in ends):
        raise InputError(
            f"`integers({low}, {high}, {step})`: give whole numbers, low <= high, and "
            "step >= 1."
        )
    low, high, step = int(low), int(high), int(step)
    _check_length((high - low) // step + 1)
    return Axis(tuple(float(i) for i in range(low, high + 1, step)))


def interval(low: float, high: float, points: int, *, log: bool = False) -> Axis:
    """Return an axis of points from low to high, evenly spaced (`log`: in ratio).

    Examples:
        >>> dse.interval(1, 100, 3, log=True)
        Axis(values=(1, 10.0, 100))
    """
    _check("interval", low=low, high=high, points=points)
    log = flag("log", log)
    if points < 2 or points % 1 or not low < high or (log and low <= 0):
        raise InputError(
            f"`interval({low:g}, {high:g}, {points})`: give low < high, at least two "
            "points, and low > 0 for a log scale."
        )
    points = int(points)
    _check_length(points)
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

    Examples:
        >>> dse.continuous(200, 700)
        Continuous(low=200.0, high=700.0)
    """
    _check("continuous", low=low, high=high)
    if not low < high:
        raise InputError(f"`continuous({low:g}, {high:g})`: give low < high.")
    return Continuous(float(low), float(high))


def tied(expression: str) -> Tied:
    """Return a field that is worked out from others: `tied("pes / 8")`.

    Examples:
        >>> by_eight = dse.tied("pes / 8")
        >>> dse.Space("tile:edge", pes=[16, 32], issue_batch=by_eight).at(1).issue_batch
        4.0
    """
    check_kind("what a field is tied to", expression, str, 'a text, as "pes / 8"')
    return Tied(expression)


def _check(what: str, **numbers: float) -> None:
    for name, value in numbers.items():
        place = f"`{name}` of `{what}`"
        check_kind(place, value, _REAL, "a number")
        known = value.item() if isinstance(value, np.generic) else value
        if not abs(known) <= GREATEST:
            raise InputError(
                f"{place} is {quoted(value)}; give a number that is finite."
            )


def _check_length(points: int) -> None:
    if points > MOST:
        raise InputError(
            f"an axis has {points:,} values; give at most {MOST:,} of them."
        )


def read_axis(name: str, given: object) -> Axis | Continuous | Tied:
    """Read an axis as a person or a file may write it: an axis, or a plain list."""
    if isinstance(given, Axis | Continuous | Tied):
        return given
    if isinstance(given, Sequence) and not isinstance(given, str):
        try:
            return Axis(tuple(given))
        except InputError as error:
            raise InputError(f"axis `{name}`: {error}") from None
    raise InputError(
        f"axis `{name}` is {quoted(given)}; give a list of values, `choice(...)`, "
        "`powers_of_two(low, high)`, `integers(low, high)`, "
        "`interval(low, high, points)`, `continuous(low, high)` or `tied(expression)`."
    )


def axis_of_column(name: str, given: object) -> Axis:
    """Return the values that a column of a list of machines has: numbers rise."""
    if isinstance(given, str | bytes) or not isinstance(given, Sequence | np.ndarray):
        raise InputError(
            f"column `{name}` is {quoted(given)}; give a list of values, one for each "
            "machine."
        )
    try:
        values = dict.fromkeys(several(name, given, "a list of values"))
        texts = any(isinstance(value, str) for value in values)
        return Axis(tuple(values if texts else sorted(values)))
    except TypeError:  # what has no order is no number
        told = "things without an order; give numbers, or labels"
        raise InputError(f"column `{name}` holds {told}.") from None
    except InputError as error:
        raise InputError(f"column `{name}`: {error}") from None


def check_columns(columns: Mapping[str, Sequence[Any]]) -> None:
    """Raise `InputError` for columns of different lengths, or a machine twice."""
    lengths = {name: len(values) for name, values in columns.items()}
    for name, length in lengths.items():
        first, count = next(iter(lengths.items()))
        if length != count:
            raise InputError(
                f"`{name}` has {length:,} values and `{first}` {count:,}; give one for "
                "each machine."
            )
    seen: dict[Any, int] = {}
    for number, machine in enumerate(zip(*columns.values(), strict=True)):
        before = seen.setdefault(machine, number)
        if before != number:
            raise InputError(
                f"machines {before} and {number} (from 0) are the same; remove one."
            )
