"""The best by each objective alone."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import arrays

from dse.explore.front_so_far import best_bounds, best_mask

COSTS = np.array([[1.0, 9.0], [2.0, 8.0], [1.0, 7.0], [np.inf, 0.0], [5.0, 1.0]])


def test_the_least_of_each_column_and_of_equals_the_first() -> None:
    # Column 0: rows 0 and 2 hold 1, row 0 stands first. Column 1: row 3 holds 0.
    assert list(np.flatnonzero(best_mask(COSTS, 1))) == [0, 3]
    # The second of column 0 is row 2, of column 1 row 4.
    assert list(np.flatnonzero(best_mask(COSTS, 2))) == [0, 2, 3, 4]


def test_what_is_not_finite_is_never_among_them() -> None:
    costs = np.array([[np.inf], [np.nan], [3.0]])
    assert list(best_mask(costs, 3)) == [False, False, True]


def test_a_bound_waits_for_enough_rows() -> None:
    assert list(best_bounds(COSTS, 2)) == [1.0, 1.0]
    assert list(best_bounds(COSTS, 6)) == [np.inf, np.inf]


@given(
    costs=arrays(float, (12, 2), elements=st.integers(0, 5).map(float)),
    count=st.integers(1, 12),
)
def test_all_the_best_keep_to_the_bounds(costs: np.ndarray, count: int) -> None:
    within = (costs <= best_bounds(costs, count)).any(axis=1)
    assert np.all(within[best_mask(costs, count)])
