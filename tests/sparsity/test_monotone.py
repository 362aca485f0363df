"""Monotone cubics and the isotonic fit before them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from dse.sparsity.monotone import isotonic, pchip

shares = st.floats(0.0, 1.0, allow_subnormal=False)
quick = settings(max_examples=40)
curve = jax.jit(jax.vmap(pchip, in_axes=(0, None, None)))
slopes = jax.jit(jax.grad(pchip))


@st.composite
def points(draw: Any, *, falling: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Knots at least a tenth apart, and a value at each; few sizes, to compile few."""
    size = draw(st.sampled_from([2, 3, 7]))
    steps = draw(st.lists(st.floats(0.1, 5.0), min_size=size, max_size=size))
    values = [draw(shares) for _ in steps]
    return np.cumsum(steps), np.asarray(sorted(values)[::-1] if falling else values)


def along(knots: np.ndarray, count: int = 41) -> np.ndarray:
    return np.linspace(knots[0], knots[-1], count)


@quick
@given(points())
def test_the_cubic_is_that_of_scipy(given: tuple[np.ndarray, np.ndarray]) -> None:
    knots, values = given
    with jax.enable_x64(True):
        found = curve(along(knots), knots, values)
    wanted = PchipInterpolator(knots, values)(along(knots))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@quick
@given(points(falling=True))
def test_what_falls_at_the_knots_falls_between_them(
    given: tuple[np.ndarray, np.ndarray],
) -> None:
    knots, values = given
    found = curve(along(knots), knots, values)
    assert np.all(np.diff(found) <= 1e-6)
    assert np.all(found <= values[0] + 1e-6)
    assert np.all(found >= values[-1] - 1e-6)


@quick
@given(points(), st.floats(0.02, 0.98))
def test_the_gradient_is_that_of_differences(
    given: tuple[np.ndarray, np.ndarray], place: float
) -> None:
    knots, values = given
    x = knots[0] + place * (knots[-1] - knots[0])
    step = 1e-6
    with jax.enable_x64(True):
        slope = slopes(x, knots, values)
        low, high = curve(np.asarray([x - step, x + step]), knots, values)
    assert slope == pytest.approx(float(high - low) / (2 * step), abs=1e-4)


def test_two_knots_make_a_straight_line() -> None:
    assert pchip(1.5, [1.0, 3.0], [0.0, 4.0]) == pytest.approx(1.0)


def test_many_places_are_asked_at_once_of_one_row_of_values() -> None:
    knots, values = np.asarray([0.0, 1.0, 4.0]), np.asarray([1.0, 0.5, 0.2])
    places = np.linspace(-1.0, 5.0, 7)
    assert pchip(places, knots, values).tolist() == [
        float(pchip(place, knots, values)) for place in places
    ]


def test_past_the_ends_the_curve_is_level() -> None:
    knots, values = np.asarray([0.0, 1.0, 2.0]), np.asarray([0.9, 0.5, 0.4])
    assert pchip(-5.0, knots, values) == pytest.approx(0.9)
    assert pchip(7.0, knots, values) == pytest.approx(0.4)
    assert jax.grad(pchip)(7.0, knots, values) == 0.0


def test_rows_are_interpolated_each_alone() -> None:
    knots = np.asarray([0.0, 1.0, 4.0])
    rows = np.asarray([[1.0, 0.5, 0.2], [0.3, 0.2, 0.0]])
    found = pchip(2.0, knots, rows)
    assert found.shape == (2,)
    alone = [pchip(2.0, knots, row) for row in rows]
    np.testing.assert_allclose(found, jnp.stack(alone), rtol=1e-6)


def test_a_rise_is_replaced_by_the_mean_of_those_in_the_wrong_order() -> None:
    # 3 and 4 stand in the wrong order: their mean is 3.5, still above 5 and 1's place.
    found = isotonic([5.0, 3.0, 4.0, 1.0], rising=False)
    assert found.tolist() == [5.0, 3.5, 3.5, 1.0]
    # Pooling (2, 1) to 1.5 makes no new fault; (3, 0) to 1.5 does: all become 1.5.
    assert isotonic([2.0, 1.0, 3.0, 0.0], rising=True).tolist() == [1.5] * 4


@given(st.lists(shares, min_size=1, max_size=12))
def test_the_fit_is_monotone_and_keeps_the_mean(values: list[float]) -> None:
    found = isotonic(values, rising=False)
    assert np.all(np.diff(found) <= 1e-12)
    assert found.mean() == pytest.approx(np.mean(values))


@given(st.lists(shares, min_size=2, max_size=8))
def test_no_other_monotone_fit_is_closer(values: list[float]) -> None:
    found = isotonic(values, rising=True)
    error = np.sum((found - values) ** 2)
    for other in (np.sort(values), np.full(len(values), np.mean(values))):
        assert error <= np.sum((other - values) ** 2) + 1e-12
