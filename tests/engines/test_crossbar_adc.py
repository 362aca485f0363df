"""Converters: the three laws at points worked out from their equations."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.engines.crossbar import adc as crossbar_adc

ISAAC = dse.CrossbarEngine.isaac()
TECHNOLOGY = ISAAC.default_technology()

# bits: (pJ, um^2) at 65 nm and 1 GS/s, 32 nm and 0.1 GS/s, 32 nm and 1.2 GS/s, 22 nm
# and 1 GS/s; worked out from the coefficients outside this package.
SURVEY = {
    4: ((3.50, 14950), (0.924, 3274), (0.924, 5130), (0.457, 2771)),
    5: ((3.55, 15010), (0.936, 3287), (0.936, 5151), (0.463, 2782)),
    6: ((4.04, 15600), (1.07, 3417), (1.07, 5353), (0.527, 2892)),
    7: ((4.97, 16600), (1.31, 3637), (1.31, 5698), (0.649, 3078)),
    8: ((6.49, 17980), (1.71, 3939), (1.85, 6313), (0.847, 3334)),
    9: ((17.8, 24310), (2.34, 4324), (5.30, 8651), (2.32, 4507)),
    10: ((52.8, 33670), (3.31, 4796), (15.7, 11980), (6.89, 6242)),
}
POINTS = ((65, 1e9), (32, 1e8), (32, 1.2e9), (22, 1e9))


def at(node_nm: float, **changes: float) -> dse.Technology:
    values = TECHNOLOGY.values | {"process.node": node_nm * 1e-9} | changes
    return TECHNOLOGY.replace(values=values)


@pytest.mark.parametrize("bits", SURVEY)
def test_the_survey_law_is_its_table_within_one_percent(bits: int) -> None:
    for (node, rate), (picojoule, square_um) in zip(POINTS, SURVEY[bits], strict=True):
        found = crossbar_adc.murmann(at(node), float(bits), rate)
        assert float(found.energy) == pytest.approx(picojoule * 1e-12, rel=0.01)
        assert float(found.area) == pytest.approx(square_um * 1e-12, rel=0.01)


def test_below_four_bits_the_survey_law_stays_what_it_is_at_four() -> None:
    three = crossbar_adc.murmann(TECHNOLOGY, 3.0, 1e9)
    four = crossbar_adc.murmann(TECHNOLOGY, 4.0, 1e9)
    assert float(three.energy) == float(four.energy)


# (100 fF * 8 + 1 aF * 4^8) * 0.81 V^2 = 865.5 fF * 0.81 V^2 = 701.1 fJ
# 2^8 * 10^(1.206 - 0.0369 * 8) = 256 * 8.143 = 2085 um^2
# 8 * (0.640 + 0.00653 * 128) = 11.81 ns
def test_zigzags_converter_of_8_bits_takes_701_femtojoule_and_11_8_nanoseconds() -> (
    None
):
    found = crossbar_adc.zigzag(TECHNOLOGY, 8.0, 128.0)
    assert float(found.energy) == pytest.approx(701.1e-15, rel=1e-3)
    assert float(found.area) == pytest.approx(2085e-12, rel=1e-3)
    assert float(found.fastest) == pytest.approx(1 / 11.81e-9, rel=1e-3)


# (3.751 * 8 + 25.84) uW * 9 ns = 0.5027 pJ; (1.129 * 8 + 8.9) * 9 = 0.1614 pJ;
# (0.538 * 8 + 4.375) * 9 = 0.07811 pJ
@pytest.mark.parametrize(
    ("node", "picojoule"), [(65, 0.5027), (32, 0.1614), (22, 0.0781)]
)
def test_neurosims_converter_without_a_column(node: float, picojoule: float) -> None:
    found = crossbar_adc.neurosim(at(node), 8.0, 1e-9)
    assert float(found.energy) == pytest.approx(picojoule * 1e-12, rel=1e-3)
    assert float(found.fastest) == pytest.approx(1 / 9e-9, rel=1e-6)


# 64 cells of sqrt(1333 * 20000) = 5163 ohm side by side: 80.68 ohm; read at 0.2 V, the
# tool takes 2.5 times that: 201.7 ohm. 0.0794 V^2 / 201.7 ohm = 393.7 uW, times 9 ns:
# 3.543 pJ on top of 0.1614 pJ.
def test_a_column_of_64_cells_adds_3_54_picojoule_to_it() -> None:
    found = crossbar_adc.neurosim(TECHNOLOGY, 8.0, 64.0)
    assert float(found.energy) == pytest.approx(3.704e-12, rel=1e-3)


def test_isaacs_converter_draws_2_milliwatt_on_1200_square_micrometres() -> None:
    found = crossbar_adc.converter(ISAAC, TECHNOLOGY)
    assert float(found.energy) * 1.28e9 == pytest.approx(2e-3, rel=1e-4)
    assert float(found.area) == pytest.approx(1200e-12, rel=1e-4)


@pytest.mark.parametrize("law", crossbar_adc.LAWS)
def test_energy_and_area_grow_with_bits_with_the_gradient_of_differences(
    law: str,
) -> None:
    with jax.enable_x64(True):
        design = ISAAC.replace(adc_law=law)

        def log_energy(bits: jax.Array) -> jax.Array:
            chosen = crossbar_adc.converter(design.replace(adc_bits=bits), TECHNOLOGY)
            return jnp.log(chosen.energy * chosen.area)

        at_bits = jnp.asarray([4.5, 6.3, 8.0, 9.7, 12.0])
        slopes = jax.jit(jax.vmap(jax.grad(log_energy)))(at_bits)
        around = jax.jit(jax.vmap(log_energy))
        differences = (around(at_bits + 1e-6) - around(at_bits - 1e-6)) / 2e-6
    assert np.all(np.asarray(slopes) > 0)
    np.testing.assert_allclose(slopes, differences, rtol=1e-5)


def test_a_converter_at_another_node_follows_its_law_not_that_of_logic() -> None:
    scaled = TECHNOLOGY.at_node(14.0)
    ratio = crossbar_adc.converter(ISAAC, scaled).energy / (
        crossbar_adc.converter(ISAAC, TECHNOLOGY).energy
    )
    assert float(ratio) == pytest.approx((14 / 32) ** 1.88003692, rel=1e-4)
    assert scaled["cell.read_energy"] == TECHNOLOGY["cell.read_energy"]
    assert scaled["shift_add.energy"] < TECHNOLOGY["shift_add.energy"]
