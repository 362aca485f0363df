"""Rounding up: exact in float32, with the gradient of what was rounded."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from dse.smooth import ceil, ceil_div, log_interpolate

SMALL = 256
LARGEST = 2**22 - 1  # up to which `ceil_div` is exact in float32

whole = st.integers(1, LARGEST)
pairs = arrays(np.int64, (64, 2), elements=whole)


def exact(a: Any, b: Any) -> Any:
    return -(-a // b)


@jax.jit
def traced(a: Any, b: Any) -> jax.Array:
    return ceil_div(a, b)


# -- ceil_div --------------------------------------------------------------------------


def test_ceil_div_counts_all_small_pairs_like_integers_do() -> None:
    a, b = np.meshgrid(np.arange(SMALL + 1), np.arange(1, SMALL + 1))
    for count in (ceil_div, traced):
        found = count(a.astype(np.float32), b.astype(np.float32))
        np.testing.assert_array_equal(found, exact(a, b))


@pytest.mark.parametrize("divisor", [3, 7, 12, 49, 255, 3072])
def test_ceil_div_is_exact_for_a_divisor_that_the_compiler_knows(divisor: int) -> None:
    a = np.concatenate([np.arange(2**16), LARGEST - np.arange(2**16)])
    found = jax.jit(lambda a: ceil_div(a, divisor))(a.astype(np.float32))
    np.testing.assert_array_equal(found, exact(a, divisor))


@given(pairs)
def test_ceil_div_counts_like_integers_do_up_to_its_limit(
    drawn: np.ndarray[Any, Any],
) -> None:
    # Multiples and their neighbours are where rounding shows.
    a, b = drawn.T
    b = np.minimum(a, b)
    for near in (a, a - a % b, a - a % b + 1):
        near = np.minimum(near, LARGEST)
        found = traced(near.astype(np.float32), b.astype(np.float32))
        np.testing.assert_array_equal(found, exact(near, b))


def test_ceil_div_takes_whole_numbers_of_any_kind() -> None:
    for a, b in [(21, 7), (np.int32(21), 7), (21.0, np.float32(7)), (21, 7.0)]:
        assert ceil_div(a, b) == 3.0


@given(st.floats(1.0, 1e4), st.floats(1.0, 1e4))
def test_the_gradient_of_ceil_div_is_that_of_the_quotient(a: float, b: float) -> None:
    wanted = (1 / b, -a / b**2)
    np.testing.assert_allclose(slopes(a, b), wanted, rtol=1e-5)
    batch = jnp.full(3, a), jnp.full(3, b)
    for found, slope in zip(jax.vmap(slopes)(*batch), wanted, strict=True):
        np.testing.assert_allclose(found, slope, rtol=1e-5)


slopes = jax.jit(jax.grad(ceil_div, argnums=(0, 1)))


@pytest.mark.parametrize(("a", "b"), [(7.0, 3.0), (6.0, 3.0), (1.0, 5.0)])
def test_the_hessian_of_ceil_div_is_that_of_the_quotient(a: float, b: float) -> None:
    found = jax.hessian(lambda x: ceil_div(x[0], x[1]))(jnp.asarray([a, b]))
    wanted = [[0.0, -1 / b**2], [-1 / b**2, 2 * a / b**3]]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("divisor", [3, 3.0, np.int32(3)])
def test_a_whole_divisor_does_not_hinder_the_gradient(divisor: Any) -> None:
    assert jax.grad(lambda a: ceil_div(a, divisor))(7.0) == pytest.approx(1 / 3)
    assert jax.grad(lambda b: ceil_div(7, b))(3.0) == pytest.approx(-7 / 9)


# -- ceil ------------------------------------------------------------------------------


def test_ceil_leaves_whole_numbers_alone() -> None:
    for scale in (1, 2**10, 2**16):
        n = np.arange(256, dtype=np.float32) * scale
        np.testing.assert_array_equal(ceil(n), n)
        np.testing.assert_array_equal(ceil(-n), -n)


@given(st.integers(1, 2**17), st.integers(0, 4))
def test_ceil_forgives_float32_rounding_and_nothing_else(n: int, steps: int) -> None:
    above = np.float32(n)
    for _ in range(steps):
        above = np.nextafter(above, np.float32(np.inf))
    # A step is 1 to 1/2 of 2^-23, relative: four of them are forgiven at the most.
    assert ceil(above) == n
    assert ceil(np.float32(n * (1 + 2.0**-20))) == n + 1
    assert ceil(np.float32(n - 0.25)) == n


def test_in_float64_ceil_forgives_the_rounding_of_float64() -> None:
    with jax.enable_x64(True):
        assert 0.1 * 3.0 * 10.0 > 3.0
        assert ceil(0.1 * 3.0 * 10.0) == 3.0
        assert ceil(192.0 * (1.0 + 2.0**-49)) == 193.0
        assert ceil(192.0) == 192.0


def test_the_gradient_of_ceil_is_that_of_its_argument() -> None:
    slope = jax.jit(jax.vmap(jax.grad(lambda x: ceil(x**2))))
    x = jnp.asarray([0.5, 1.0, 2.3])
    np.testing.assert_allclose(slope(x), 2 * x, rtol=1e-6)
    assert jax.grad(lambda x: x * ceil(3))(2.0) == 3.0


# -- log_interpolate -------------------------------------------------------------------

KNOTS = (8.0, 16.0, 32.0)
rising = st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3, unique=True).map(sorted)


@given(rising)
def test_log_interpolate_goes_through_its_knots(values: list[float]) -> None:
    found = through(jnp.asarray(KNOTS), values)
    np.testing.assert_allclose(found, values, rtol=2e-6)


@given(rising)
def test_log_interpolate_rises_where_its_values_rise(values: list[float]) -> None:
    x = jnp.geomspace(1.0, 256.0, 200)
    found = np.asarray(through(x, values))
    assert np.all(found > 0)
    assert np.all(np.diff(found) >= -1e-5 * found[1:])


@given(rising, st.floats(2.0, 128.0))
def test_the_slope_of_log_interpolate_is_that_of_a_power_law(
    values: list[float], x: float
) -> None:
    # On log-log axes the slope is that of the piece that `x` lies on.
    piece = 0 if x <= KNOTS[1] else 1
    slope = np.log(values[piece + 1] / values[piece]) / np.log(2.0)
    height = float(through(jnp.asarray([x]), values)[0])
    found = float(slope_of(x, values))
    assert found == pytest.approx(slope * height / x, rel=1e-4, abs=1e-6 * height / x)


@jax.jit
def through(x: Any, values: Any) -> jax.Array:
    return log_interpolate(x, KNOTS, [jnp.asarray(v) for v in values])


slope_of = jax.jit(
    jax.grad(
        lambda x, values: log_interpolate(x, KNOTS, [jnp.asarray(v) for v in values])
    )
)


def test_two_knots_make_one_power_law_everywhere() -> None:
    values = [jnp.asarray(2.0), jnp.asarray(8.0)]
    x = jnp.asarray([0.25, 1.0, 4.0, 16.0, 64.0])
    found = log_interpolate(x, (1.0, 16.0), values)
    np.testing.assert_allclose(found, 2.0 * np.sqrt(x), rtol=1e-5)
