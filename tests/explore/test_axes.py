"""Axes: the values that they list, and what makes no axis."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

import dse
from dse.errors import InputError
from dse.explore.axes import Axis, read_axis


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        (dse.choice("relu", "gelu"), ("relu", "gelu")),
        (dse.powers_of_two(64, 1024), (64, 128, 256, 512, 1024)),
        (dse.powers_of_two(0.5, 3), (0.5, 1, 2)),
        (dse.powers_of_two(7, 7), (7,)),
        (dse.integers(2, 5), (2, 3, 4, 5)),
        (dse.integers(1, 8, 3), (1, 4, 7)),
        (dse.interval(0, 1, 5), (0, 0.25, 0.5, 0.75, 1)),
    ],
)
def test_an_axis_lists_its_values_in_order(
    axis: Axis, values: tuple[float | str, ...]
) -> None:
    assert axis.values == values
    assert len(axis) == len(values)


@given(st.floats(1e-6, 0.99), st.integers(2, 50), st.booleans())
def test_an_interval_ends_exactly_where_it_is_told(
    low: float, points: int, log: bool
) -> None:
    values = dse.interval(low, 1.0, points, log=log).values
    assert (values[0], values[-1], len(values)) == (low, 1.0, points)
    assert list(values) == sorted(values)


def test_a_log_interval_has_even_ratios() -> None:
    values = [float(v) for v in dse.interval(1, 1000, 4, log=True).values]
    assert values == pytest.approx([1, 10, 100, 1000])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: dse.choice(), "give at least one"),
        (lambda: dse.choice(1, 2, 1.0), "stands twice: [1, 2, 1.0]; remove one"),
        (
            lambda: dse.choice([64, 128]),
            "a value of an axis is [64, 128]; give numbers",
        ),  # type: ignore[arg-type]
        (lambda: dse.powers_of_two(0, 8), "give 0 < low <= high"),
        (lambda: dse.powers_of_two(8, 4), "give 0 < low <= high"),
        (lambda: dse.powers_of_two(5e-324, 1e300), "give 0 < low <= high"),
        (
            lambda: dse.integers(5, 2),
            "`integers(5, 2, 1)`: give whole numbers, low <= high",
        ),
        (lambda: dse.integers(2, 5, 0), "step >= 1"),
        (lambda: dse.interval(0, 1, 1), "at least two points"),
        (lambda: dse.interval(1, 1, 3), "give low < high"),
        (lambda: dse.interval(0, 1, 3, log=True), "low > 0 for a log scale"),
        (lambda: dse.interval(math.nan, 1, 3), "`low` of `interval` is nan; give"),
        (lambda: dse.continuous(5, math.inf), "is inf; give a number that is finite"),
        (lambda: dse.integers(1, 10**9), "has 1,000,000,000 values; give at most"),
        (lambda: dse.integers(1, 2.5), "integers(1, 2.5, 1)`: give whole numbers"),  # type: ignore[arg-type]
        (lambda: dse.choice(1, math.nan), "a value of an axis is nan; give numbers"),
        (lambda: dse.choice(1, 10**400), "give numbers that are finite, or labels"),
        (lambda: read_axis("pes", 64), "axis `pes` is 64; give a list"),
        (lambda: read_axis("pes", "64"), "axis `pes` is '64'; give a list"),
    ],
)
def test_what_is_no_axis_is_refused(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        make()


def test_plain_lists_and_ranges_are_axes() -> None:
    assert read_axis("pes", [64, 128]) == dse.choice(64, 128)
    assert read_axis("pes", range(2, 5)) == dse.choice(2, 3, 4)
    assert read_axis("issue_batch", dse.tied("pes / 8")) == dse.tied("pes / 8")
