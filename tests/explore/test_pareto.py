"""Fronts, their knee and their volume, against brute force and cases made by hand."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from dse.errors import InputError
from dse.explore.pareto import front_mask, hypervolume, knee

Rows = np.ndarray[Any, Any]

# Few different values, so that rows tie, repeat and fail often.
NUMBERS = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0])
FAULTS = st.sampled_from([np.nan, np.inf, -np.inf])
SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=200).map(
    lambda shape: (shape[0], 1 + shape[1] % 4)
)
any_costs = SHAPES.flatmap(
    lambda shape: arrays(np.float64, shape, elements=NUMBERS | NUMBERS | FAULTS)
)
smooth_costs = SHAPES.flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(-1e3, 1e3))
)


def front_by_comparing(costs: Rows) -> Rows:
    """Compare every row with every other one."""
    usable = np.isfinite(costs).all(axis=1)
    mask = usable.copy()
    for row in np.flatnonzero(usable):
        nowhere_more = (costs <= costs[row]).all(axis=1)
        somewhere_less = (costs < costs[row]).any(axis=1)
        mask[row] = not np.any(usable & nowhere_more & somewhere_less)
    return mask


@given(any_costs | smooth_costs)
def test_the_front_is_what_comparing_all_rows_gives(costs: Rows) -> None:
    np.testing.assert_array_equal(front_mask(costs), front_by_comparing(costs))


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_the_front_of_many_rows_is_found_among_repeated_ones(objectives: int) -> None:
    random = np.random.default_rng(objectives)
    costs = random.lognormal(size=(150, objectives))
    costs = np.concatenate([costs, costs[:50]])
    wanted = front_by_comparing(costs)
    assert 0 < wanted.sum() < len(costs)
    np.testing.assert_array_equal(front_mask(costs), wanted)


@given(any_costs)
def test_distinct_keeps_the_first_row_of_equals(costs: Rows) -> None:
    seen: set[tuple[float, ...]] = set()
    wanted = np.zeros(len(costs), bool)
    for row in np.flatnonzero(front_by_comparing(costs)):
        key = tuple(costs[row] + 0.0)
        wanted[row] = key not in seen
        seen.add(key)
    np.testing.assert_array_equal(front_mask(costs, keep="distinct"), wanted)


@given(any_costs, st.sampled_from(["all", "distinct"]))
def test_the_front_of_a_front_is_itself(costs: Rows, keep: Any) -> None:
    front = costs[front_mask(costs, keep=keep)]
    assert front_mask(front, keep=keep).all()


@given(any_costs, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(costs: Rows, random: Any) -> None:
    order = list(range(len(costs)))
    random.shuffle(order)
    np.testing.assert_array_equal(front_mask(costs)[order], front_mask(costs[order]))


@given(any_costs)
def test_a_rising_scale_of_an_objective_does_not_matter(costs: Rows) -> None:
    usable = costs[np.isfinite(costs).all(axis=1)]
    scaled = np.column_stack([np.exp(usable[:, 0]), 7.0 * usable[:, 1:] - 1.0])
    np.testing.assert_array_equal(front_mask(usable), front_mask(scaled))


def test_rows_that_are_not_finite_dominate_nothing() -> None:
    costs = np.asarray([[-np.inf, 0.0], [np.nan, 0.0], [1.0, 1.0], [2.0, 2.0]])
    np.testing.assert_array_equal(front_mask(costs), [False, False, True, False])
    np.testing.assert_array_equal(front_mask(costs[:2]), [False, False])
    assert front_mask(np.zeros((0, 3))).shape == (0,)


def test_signed_zeros_are_equal() -> None:
    costs = np.asarray([[0.0, 1.0], [-0.0, 1.0], [0.0, 1.0]])
    assert front_mask(costs).all()
    np.testing.assert_array_equal(
        front_mask(costs, keep="distinct"), [True, False, False]
    )


def test_an_unknown_way_to_keep_is_refused() -> None:
    with pytest.raises(InputError, match="Known: all, distinct"):
        front_mask(np.zeros((1, 2)), keep="first")  # type: ignore[arg-type]


# -- volume ----------------------------------------------------------------------------


def test_the_volume_of_a_staircase_is_the_sum_of_its_steps() -> None:
    # Up to (4, 4): 3 x 1 from (1, 3), 2 x 1 more from (2, 2), 1 x 1 more from (3, 1).
    costs = np.asarray([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])
    assert hypervolume(costs, np.asarray([4.0, 4.0])) == 6.0
    # What is dominated, or beyond the reference, adds nothing.
    more = np.concatenate([costs, [[3.0, 3.0], [0.0, 5.0]]])
    assert hypervolume(more, np.asarray([4.0, 4.0])) == 6.0


def test_the_volume_of_two_boxes_is_their_union() -> None:
    costs = np.asarray([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    assert hypervolume(costs, np.asarray([2.0, 2.0, 2.0])) == 4.0 + 2.0 - 1.0


@settings(max_examples=30)
@given(smooth_costs)
def test_the_front_has_all_the_volume(costs: Rows) -> None:
    corner = np.full(costs.shape[1], 1e3)
    whole, front = (hypervolume(c, corner) for c in (costs, costs[front_mask(costs)]))
    assert front == pytest.approx(whole, rel=1e-9)


# -- knee ------------------------------------------------------------------------------


def test_the_knee_of_a_bent_front_is_its_bend() -> None:
    costs = np.asarray([[1.0, 100.0], [2.0, 5.0], [10.0, 4.0], [100.0, 1.0]])
    assert knee(costs) == 1


def test_the_knee_does_not_depend_on_units() -> None:
    random = np.random.default_rng(0)
    costs = random.lognormal(size=(50, 3))
    assert knee(costs) == knee(costs * [1e-3, 1e6, 7.0])


def test_what_is_to_be_maximised_has_a_knee_on_its_log_scale() -> None:
    # On log scales the second row has 85 % of the throughput for 24 % of the area.
    costs = np.asarray([[-1.0, 1.0], [-50.0, 3.0], [-100.0, 100.0]])
    assert knee(costs) == 1


def test_objectives_of_both_signs_stay_on_their_own_scale() -> None:
    costs = np.asarray([[-1.0, 2.0], [0.0, 0.5], [1.0, 0.0]])
    assert knee(costs) == 1


def test_a_front_of_one_row_or_of_equal_rows_has_a_knee() -> None:
    assert knee(np.asarray([[3.0, 4.0]])) == 0
    assert knee(np.full((4, 2), 5.0)) == 0
    with pytest.raises(InputError, match="empty front has no knee"):
        knee(np.zeros((0, 2)))
