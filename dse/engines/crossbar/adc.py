"""What an analogue-to-digital converter (ADC) costs, by four published laws.

Three are models of their authors and lie far apart; a machine's parameter file
calibrates each one with `adc.energy_scale_LAW` and `adc.area_scale_LAW`. The fourth is
one chip's own circuit. All are differentiable by the resolution, which may be a
fraction of bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.crossbar.slices import slices_of
from dse.hardware.technology import Technology
from dse.smooth import log_interpolate
from dse.traced_once import traced_once

if TYPE_CHECKING:
    from dse.engines.crossbar.engine import CrossbarEngine

LAWS = ("murmann", "zigzag", "neurosim", "neuron")
LEAST_BITS = 4.0  # the survey behind `murmann` says nothing of fewer
KNEE_DB = 0.1  # width of the rounding where speed begins to cost
NODES = (7.0, 10.0, 14.0, 22.0, 32.0, 45.0, 65.0, 90.0, 130.0)
COLUMN_NODES = (7.0, 22.0, 32.0, 65.0)


class Converter(NamedTuple):
    """One ADC: energy of a conversion in J, area in m^2, samples per second at most."""

    energy: Number
    area: Number
    fastest: Number


@traced_once()
def converter(design: CrossbarEngine, technology: Technology) -> Converter:
    """Return the ADC of a design by the law it chose, calibrated."""
    bits = slices_of(design).bits
    half = 0.5 * design.rows_together
    by_law = [
        _calibrated(law, name, technology)
        for name, law in (
            ("murmann", murmann(technology, bits, design.wanted_rate)),
            ("zigzag", zigzag(technology, bits, design.array_rows)),
            ("neurosim", neurosim(technology, bits, half)),
        )
    ]
    by_law.append(neuron(technology, bits))
    chosen = jnp.asarray(design.adc_law).astype(int)
    kinds = zip(*by_law, strict=True)
    return Converter(
        *(jnp.stack([jnp.asarray(value) for value in kind])[chosen] for kind in kinds)
    )


def _calibrated(law: Converter, name: str, technology: Technology) -> Converter:
    return Converter(
        energy=jnp.asarray(law.energy * technology[f"adc.energy_scale_{name}"]),
        area=jnp.asarray(law.area * technology[f"adc.area_scale_{name}"]),
        fastest=jnp.asarray(law.fastest),
    )


def murmann(technology: Technology, bits: Number, rate: Number) -> Converter:
    """Return the envelope of the converters in Murmann's survey, at `rate` in 1/s.

        E ~ 10^((SNDR - FOM) / 10) node^1.88 bits^-2.83,   SNDR = 6.02 bits + 1.76 dB
        FOM = min(213.8 - 2.872 ln rate, 128.3 + 3.221 bits)   dB

    with the corner of the minimum rounded over `KNEE_DB`. Source: accelergy2023adc,
    coefficients of the model file.
    """
    value = _reader(technology, "murmann")
    bits = jnp.maximum(bits, LEAST_BITS)
    log_node = jnp.log(technology["process.node"] * 1e9)
    log_rate = jnp.log(rate)
    fast = value("fom_intercept") + value("fom_per_log_rate") * log_rate
    fine = value("fom_base") + value("fom_per_bit") * bits
    apart = jnp.abs(fast - fine) / KNEE_DB  # the logarithm of a sum of powers
    merit = jnp.minimum(fast, fine) - KNEE_DB * jnp.log1p(jnp.exp(-apart))
    log_energy = (
        (6.0206 * bits + 1.7609 - merit) * jnp.log(10.0) / 10.0
        + jnp.log(0.5)
        + value("energy_intercept")
        + value("energy_per_log_node") * log_node
        + value("energy_per_log_bits") * jnp.log(bits)
    )
    log_area = (
        value("area_intercept")
        + value("area_per_log_node") * log_node
        + value("area_per_log_rate") * log_rate
        + value("area_per_log_energy") * log_energy
    )
    return Converter(1e-12 * jnp.exp(log_energy), 1e-12 * jnp.exp(log_area), jnp.inf)


def zigzag(technology: Technology, bits: Number, rows: Number) -> Converter:
    """Return ZigZag-IMC's converter, smooth in its bits, for columns of some rows.

        E = (100 fF bits + 1 aF 4^bits) V^2;   t = bits (0.640 + 0.00653 rows) ns

    Source: micas2024zigzagimc, fitted there at 28 nm and used at any node.
    """
    value = _reader(technology, "zigzag")
    volts = technology["adc.supply_voltage"]
    ladder = value("capacitance_of_ladder") * 4.0**bits
    slope = value("area_log10") + value("area_log10_per_bit") * bits
    time = bits * (value("time_per_bit") + value("time_per_bit_and_row") * rows)
    return Converter(
        energy=(value("capacitance_per_bit") * bits + ladder) * volts**2,
        area=1e-12 * 2.0**bits * 10.0**slope,
        fastest=1.0 / time,
    )


def neurosim(technology: Technology, bits: Number, cells: Number) -> Converter:
    """Return NeuroSim's successive-approximation converter below `cells` read cells.

        E = (a_node bits + c_node + k_node / R) t,   t = (bits + 1) ns

    R is the resistance of the column, seen at 0.5 V. Source: neurosim2023, low-power
    roadmap; powers between nodes by power laws.
    """
    value = _reader(technology, "neurosim")
    node = technology["process.node"] * 1e9

    def at_node(what: str, nodes: tuple[float, ...]) -> Number:
        known = [jnp.asarray(value(f"{what}_{n:.0f}")) for n in nodes]
        return log_interpolate(node, nodes, known)

    ohms = jnp.sqrt(
        technology["cell.on_resistance"] * technology["cell.off_resistance"]
    )
    column = ohms / cells * 0.5 / technology["cell.read_voltage"]
    power = (
        at_node("power_per_bit", NODES) * bits
        + at_node("power", NODES)
        + at_node("column_voltage_squared", COLUMN_NODES) / column
    )
    time = value("time_per_bit") * (bits + 1.0)
    gates = 269.0 + 209.0 + (109.0 + 73.0) * (bits - 1.0)
    area = gates * value("gate_squares") * technology["process.node"] ** 2
    return Converter(energy=power * time, area=area, fastest=1.0 / time)


def neuron(technology: Technology, bits: Number) -> Converter:
    """Return NeuRRAM's neuron, which converts the charge that it has integrated.

        E = bits e_step;   t = (bits + 1) t_cycle

    A comparison tells the sign, then each step takes a charge off that is half as large
    as the one before, and compares again. Its area holds the integrator too, and is the
    same for any bits. Source: wan2022neurram, at 130 nm and used at any node.
    """
    value = _reader(technology, "neuron")
    return Converter(
        energy=bits * value("step_energy"),
        area=value("area"),
        fastest=1.0 / ((bits + 1.0) * value("cycle")),
    )


def _reader(technology: Technology, law: str) -> Callable[[str], Number]:
    return lambda name: technology[f"adc.{law}_{name}"]
