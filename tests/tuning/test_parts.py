"""The parts of a tuner: coordinates, relaxations, prices of constraints, neighbours."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.tuning.coordinates import Coordinate, Coordinates
from dse.tuning.lagrangian import first_prices, next_prices, penalty
from dse.tuning.local_search import distinct, neighbours, pairs
from dse.tuning.relaxation import relax
from dse.tuning.starts import rounded, spread

EDGE = dse.TileEngine.edge()
SPACE = dse.Space(
    EDGE,
    batch=[16, 4, 1],  # not in order: a tuner moves along rising values
    main_memory=["rram_32_2_1", "dram_32_2_1"],
    pes=dse.powers_of_two(16, 128),
)
AXES = Coordinates({"": SPACE})
DOUBLING = Coordinate("pes", "steps", (16.0, 32.0, 64.0, 128.0))


def test_shares_are_of_the_ratio_where_all_values_are_above_zero() -> None:
    np.testing.assert_allclose(DOUBLING.shares, [0, 1 / 3, 2 / 3, 1])
    assert float(DOUBLING.value(0.5)) == pytest.approx(np.sqrt(16 * 128))
    linear = Coordinate("threshold", "steps", (0.0, 0.1, 0.4))
    np.testing.assert_allclose(linear.shares, [0, 0.25, 1])
    assert float(linear.value(0.5)) == pytest.approx(0.2)
    assert DOUBLING.nearest(np.asarray([0.2, 0.9])).tolist() == [1.0, 3.0]
    assert DOUBLING.place(64.0) == pytest.approx(2 / 3)
    assert DOUBLING.place(1000.0) == 1.0


def test_points_know_their_index_and_values() -> None:
    indices = np.arange(SPACE.size)
    table = SPACE.decode(indices)
    points = np.stack(
        [[c.values.index(v) for v in table[c.name]] for c in AXES.all], axis=1
    ).astype(float)
    assert np.array_equal(AXES.index(points), indices)
    for name, column in AXES.table(points).items():
        assert np.array_equal(column, table[name])
    assert np.array_equal(rounded(AXES, AXES.shares(points)), points)
    assert set(AXES.shown(points)["main_memory"]) == {"rram_32_2_1", "dram_32_2_1"}


def test_starts_are_spread_evenly_and_begin_with_the_base_design() -> None:
    shares = spread(AXES, 8, jax.random.key(0))
    points = rounded(AXES, shares)
    labels = points[1:, 1]
    assert abs(int((labels == 0).sum()) - int((labels == 1).sum())) <= 1
    assert AXES.table(points[:1])["pes"][0] == EDGE.pes == 64
    pes = np.sort(spread(AXES, 8, jax.random.key(1))[1:, 2])
    assert (np.diff(pes) < 3 / 8).all()  # a slice of an eighth each, one was replaced


def test_straight_through_asks_on_the_grid_with_the_slope_of_the_line() -> None:
    def ask(share: jax.Array) -> jax.Array:
        return relax(DOUBLING, share, 0.5, "straight_through")

    for share in (0.05, 0.4, 0.52):
        value, slope = jax.value_and_grad(ask)(share)
        nearest = DOUBLING.values[int(DOUBLING.nearest(np.asarray(share)))]
        assert float(value) == pytest.approx(nearest, rel=1e-5)
        assert float(slope) == pytest.approx(nearest * np.log(8), rel=1e-5)


def test_annealing_goes_from_a_line_to_the_grid() -> None:
    shares = jnp.linspace(0.0, 1.0, 61)

    def ask(progress: float) -> jax.Array:
        return jax.vmap(lambda s: relax(DOUBLING, s, progress, "annealed"))(shares)

    early, late = ask(0.0), ask(1.0)
    line = DOUBLING.value(shares)
    np.testing.assert_allclose(early, line, rtol=0.01)
    for stair in (early, late):
        assert (np.diff(stair) >= -1e-3).all()
        np.testing.assert_allclose(stair[::20], [16, 32, 64, 128], rtol=1e-5)
    # A quarter of a step off a value, the late stair is still on it.
    np.testing.assert_allclose(late[5], 16, rtol=0.02)
    np.testing.assert_allclose(late[15], 32, rtol=0.02)


def test_prices_settle_at_the_multiplier_of_the_optimum() -> None:
    # min x^2 with 1 - x <= 0: x = 1, and the multiplier is 2, the slope of x^2 there.
    prices, x = first_prices(1), 0.0
    for _ in range(60):
        # The least of x^2 + penalty(1 - x), in closed form where the constraint binds:
        # 2 x = m + r (1 - x).
        m, r = float(prices.multiplier[0]), float(prices.stiffness[0])
        x = (m + r) / (2 + r)
        prices = next_prices(jnp.asarray([1 - x]), prices)
    assert x == pytest.approx(1.0, abs=1e-3)
    assert float(prices.multiplier[0]) == pytest.approx(2.0, rel=1e-2)


def test_a_constraint_that_holds_by_far_costs_nothing() -> None:
    prices = first_prices(2)
    assert float(penalty(jnp.asarray([-3.0, -0.1]), prices)) == 0.0
    # Stiffness 10, excess 0.2: 10 * 0.2^2 / 2.
    broken = penalty(jnp.asarray([0.2, -1.0]), prices)
    assert float(broken) == pytest.approx(0.2)


def test_neighbours_are_one_step_or_one_label_away() -> None:
    corner = np.asarray([[0.0, 0.0, 0.0]])
    assert sorted(map(tuple, neighbours(AXES, corner))) == [
        (0.0, 0.0, 1.0),
        (0.0, 1.0, 0.0),
        (1.0, 0.0, 0.0),
    ]
    middle = np.asarray([[1.0, 0.0, 1.0]])
    assert len(neighbours(AXES, middle)) == 2 + 1 + 2
    assert len(pairs(AXES, middle)) == 2 * 1 + 2 * 2 + 1 * 2
    twice = np.concatenate([middle, corner, middle])
    assert np.array_equal(distinct(twice), twice[:2])
