"""Thresholds rule out what pivots beat, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dse.explore.threshold import PLACES, Thresholds, most_pivots

WHOLE = st.integers(-3, 3).map(float)


@st.composite
def clouds(draw: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], int]:
    """Pivots and designs `[rows, costs]` with many ties, and which cost is the last."""
    costs = draw(st.integers(1, 4))
    pivots = draw(arrays(float, (draw(st.integers(0, 6)), costs), elements=WHOLE))
    designs = draw(arrays(float, (draw(st.integers(1, 12)), costs), elements=WHOLE))
    return pivots, designs, draw(st.integers(0, costs - 1))


@given(clouds())
def test_a_design_passes_unless_a_pivot_is_as_good_and_better_in_the_last_cost(
    cloud: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], int],
) -> None:
    pivots, designs, last = cloud
    passes = Thresholds(pivots, last).passes(list(designs.T))
    for design, passed in zip(
        designs, np.broadcast_to(passes, len(designs)), strict=True
    ):
        beats = (pivots <= design).all(axis=1) & (pivots[:, last] < design[last])
        assert passed == (not beats.any())


def test_costs_broadcast_over_a_grid() -> None:
    pivots = np.asarray([[1.0, 5.0, 2.0], [3.0, 1.0, 1.0]])
    costs = [np.asarray([[0.0], [3.0]]), np.asarray([[5.0, 0.5]]), np.full((2, 2), 1.5)]
    np.testing.assert_array_equal(
        Thresholds(pivots, 2).passes(costs), [[True, True], [False, True]]
    )


@pytest.mark.parametrize("costs", range(1, 8))
def test_the_table_of_any_number_of_costs_is_small(costs: int) -> None:
    assert most_pivots(costs) >= 2
    assert (most_pivots(costs) + 1) ** (costs - 1) <= PLACES
