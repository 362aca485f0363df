"""Points of a grid told apart by the values of arrays there."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dse.compile.distinct import distinct, number_points

SHAPE = (3, 2, 4)
KINDS = (float, bool, np.int64)


@st.composite
def sheets(draw: Any) -> list[np.ndarray[Any, Any]]:
    """Arrays of few values over some of the axes."""
    found = []
    for _ in range(draw(st.integers(0, 5))):
        grid = [n if draw(st.booleans()) else 1 for n in SHAPE]
        count = int(np.prod(grid))
        values = draw(st.lists(st.integers(-1, 1), min_size=count, max_size=count))
        kind = draw(st.sampled_from(KINDS))
        found.append(np.asarray(values).reshape(grid).astype(kind))
    return found


@given(sheets())
def test_points_are_of_one_kind_if_and_only_if_all_values_there_are_equal(
    arrays: list[np.ndarray[Any, Any]],
) -> None:
    kinds, one_of = distinct(arrays)
    kinds = np.broadcast_to(kinds, SHAPE).ravel()
    told = [np.broadcast_to(a, SHAPE).ravel() for a in arrays]
    points = [tuple(a[at] for a in told) for at in range(kinds.size)]
    for one in range(kinds.size):
        for other in range(kinds.size):
            same = points[one] == points[other]
            assert same == (kinds[one] == kinds[other])
    assert set(kinds) == set(range(len(one_of)))


@given(sheets())
def test_a_kind_has_a_point_that_is_of_it(arrays: list[np.ndarray[Any, Any]]) -> None:
    kinds, one_of = distinct(arrays)
    np.testing.assert_array_equal(kinds.ravel()[one_of], np.arange(len(one_of)))


def test_whole_numbers_that_floats_cannot_tell_apart_are_told_apart() -> None:
    kinds, _ = distinct([np.asarray([2**53, 2**53 + 1])])
    assert len(np.unique(kinds)) == 2


@given(sheets(), st.integers(0, 5))
def test_arrays_that_were_numbered_before_count_as_themselves(
    arrays: list[np.ndarray[Any, Any]], first: int
) -> None:
    """Also where a block holds only some of their numbers."""
    numbered = [number_points([array])[-1:] for array in arrays[:first]]
    alike = [array[-1:] for array in arrays[:first]]
    one, _ = distinct(arrays[first:], numbered)
    other, _ = distinct([*arrays[first:], *alike])
    pairs = set(zip(*map(np.ravel, np.broadcast_arrays(one, other)), strict=True))
    assert len(pairs) == len(set(np.ravel(one))) == len(set(np.ravel(other)))
