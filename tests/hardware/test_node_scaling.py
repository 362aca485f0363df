"""Node scaling against the figures of Stillmaker and Baas."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.errors import InputError
from dse.hardware.node_scaling import area_factor, energy_factor
from dse.hardware.parameters import load_parameters

NODES = (65, 45, 32, 20, 16, 14, 10, 7)
nodes = st.sampled_from(NODES)


def test_a_square_millimetre_at_65_nm_is_039_of_one_at_7_nm() -> None:
    assert area_factor(65, 7) == pytest.approx(0.039)


def test_the_way_back_agrees_with_the_printed_factor_to_its_two_digits() -> None:
    printed = load_parameters("stillmaker2017").value_si("area.from_32_to_65")
    assert area_factor(32, 65) == pytest.approx(printed, rel=0.03)


def test_energy_is_the_ratio_of_the_polynomials_worked_out_by_hand() -> None:
    # g_65(1.0) = 3.755 - 4.398 + 1.975 = 1.332; g_7(0.5) = 0.0444 - 0.045485 + 0.02447
    found = energy_factor(65, 7, supply_from=1.0, supply_to=0.5)
    assert found == pytest.approx(0.023385 / 1.332, rel=1e-6)


@given(nodes, nodes, nodes)
def test_two_steps_scale_as_one(start: int, middle: int, end: int) -> None:
    for factor in (area_factor, energy_factor):
        steps = factor(start, middle) * factor(middle, end)
        assert steps == pytest.approx(factor(start, end), rel=1e-12)


@pytest.mark.parametrize("factor", [area_factor, energy_factor])
def test_a_smaller_node_never_costs_more(factor) -> None:
    costs = [factor(65, node) for node in NODES]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == 1


@pytest.mark.parametrize("node", NODES)
def test_a_lower_supply_saves_energy_near_the_nominal_one(node: int) -> None:
    slope = jax.grad(lambda v: energy_factor(14, node, supply_to=v))(jnp.float32(0.8))
    assert slope > 0


@pytest.mark.parametrize("factor", [area_factor, energy_factor])
def test_a_node_outside_the_table_is_refused_with_those_in_it(factor) -> None:
    with pytest.raises(InputError, match=r"28 nm is not in .* Known: 65, 45, 32, 20"):
        factor(28, 7)
