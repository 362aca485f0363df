"""Straight pieces: NumPy's own, and slopes that are right on both sides of a knot."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.sparsity.pieces import covered, interpolate

KNOTS, VALUES = np.asarray([0.0, 1.0, 1.0, 4.0]), np.asarray([1.0, 2.0, 3.0, 0.0])


@given(st.lists(st.floats(-2.0, 6.0), min_size=1, max_size=5))
def test_lines_are_those_of_numpy_also_past_the_ends(places: list[float]) -> None:
    knots, values = KNOTS[[0, 1, 3]], VALUES[[0, 1, 3]]
    found = interpolate(np.asarray(places), knots, values)
    np.testing.assert_allclose(found, np.interp(places, knots, values), atol=1e-12)
    assert found[0] == interpolate(places[0], knots, values)


def test_where_two_knots_are_one_the_curve_jumps() -> None:
    assert interpolate(1.0, KNOTS, VALUES) == 3.0
    assert interpolate(np.nextafter(1.0, 0.0), KNOTS, VALUES) == pytest.approx(2.0)


def test_pieces_are_covered_one_after_another() -> None:
    shares = covered(np.asarray([-1.0, 0.25, 1.0, 2.5, 9.0]), KNOTS)
    wanted: Any = [[0, 0, 0], [0.25, 0, 0], [1, 1, 0], [1, 1, 0.5], [1, 1, 1]]
    np.testing.assert_allclose(shares, wanted)


@pytest.mark.parametrize(
    ("place", "slope"), [(-1.0, 0.0), (0.0, 1.0), (0.5, 1.0), (1.0, -1.0), (4.0, -1.0)]
)
def test_a_knot_has_the_slope_of_the_piece_that_begins_there(
    place: float, slope: float
) -> None:
    assert jax.grad(interpolate)(place, KNOTS, VALUES) == pytest.approx(slope)
