"""What the parts of an N:M engine occupy, leak and spend, as an ASIC or on an FPGA."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.vector_unit import vector_lane
from dse.engines.word_length import adder_size, multiplier_size
from dse.hardware import shared_parts, sram
from dse.hardware.main_memory import KINDS
from dse.hardware.shared_parts import Part
from dse.hardware.technology import Technology
from dse.smooth import ceil
from dse.traced_once import traced_once

if TYPE_CHECKING:
    from dse.engines.nm.engine import NMEngine

BUFFERS = ("weight_buffer", "index_buffer", "activation_buffer", "output_buffer")
TARGETS = ("asic", "fpga")
_SYNTHESISED_BITS = 20.0  # of the multiplier and the adder tree that were synthesised
_TREE_INPUTS = 16.0
_FPGA_LANE_BITS = 16.0  # of the lane whose look-up tables are known
_BLOCK_KIB = {"bram": 4.5, "uram": 36.0}  # data bits and parity of a memory block


class Costs(NamedTuple):
    """Area in m^2 and leakage in W by component, energies in J per event."""

    area: dict[str, Number]
    leakage: dict[str, Number]
    multiply: Number  # one multiply-accumulate
    select: Number  # one operand through its multiplexer
    per_bit: dict[str, Number]  # one bit into or out of a buffer
    per_pass: Number  # one value through a lane of the vector or softmax unit


@traced_once()
def costs(design: NMEngine, technology: Technology) -> Costs:
    """Return the costs of a design on its target."""
    on_fpga = jnp.asarray(design.target) > 0.5
    both = _asic(design, technology), _fpga(design, technology)
    chosen: Costs = jax.tree.map(lambda a, f: jnp.where(on_fpga, f, a), *both)
    return chosen


def main_memory_energy(design: NMEngine, technology: Technology) -> Number:
    """Return the energy in J of one bit to or from main memory, as published.

    NaN for a kind without a published energy: not known.
    """
    known = ("ddr4", "hbm2")
    table = [
        technology[f"main_memory.energy_{name}"] if name in known else jnp.nan
        for name in KINDS
    ]
    joule = jnp.stack([jnp.asarray(value) * 1.0 for value in table])
    return joule[jnp.asarray(design.main_memory).astype(int)]


def resources(design: NMEngine, technology: Technology) -> dict[str, Number]:
    """Return the FPGA resources that a design needs: `dsp`, `lut`, and memory `kib`.

        dsp = multipliers / products_per_dsp
        lut = multipliers (b ceil(M / 4) + luts_per_multiplier)
            + lanes luts_per_lane b / 16

    b ceil(M / 4): a six-input table holds a 4:1 multiplexer of one bit. An array built
    for dense products alone (M = 1) has none. Unit: 1, and KiB.
    """
    multipliers = design.multipliers
    mux = jnp.where(design.built_group > 1.0, ceil(design.built_group / 4.0), 0.0)
    lanes = design.softmax_lanes + design.vector_lanes
    size = adder_size(design.value_bits, _FPGA_LANE_BITS)
    return {
        "dsp": multipliers / design.products_per_dsp,
        "lut": multipliers
        * (design.value_bits * mux + technology["fpga.luts_per_multiplier"])
        + lanes * size * technology["fpga.luts_per_lane"],
        "kib": sum(design.kib(buffer) for buffer in BUFFERS),
    }


def budget_use(design: NMEngine, technology: Technology) -> Number:
    """Return the largest share that a design takes of a budget; 0 as an ASIC."""
    needed = resources(design, technology)
    held = {
        "dsp": design.dsp_budget,
        "lut": design.lut_budget,
        "kib": design.bram_budget * _BLOCK_KIB["bram"]
        + design.uram_budget * _BLOCK_KIB["uram"],
    }
    most = jnp.max(jnp.stack([needed[name] / held[name] for name in held]))
    return jnp.where(jnp.asarray(design.target) > 0.5, most, 0.0)


def _asic(design: NMEngine, technology: Technology) -> Costs:
    """Price its parts: multipliers and lanes by their width, buffers by their size.

    A multiplexer of M inputs is M - 1 of two inputs for each bit; beside it a
    multiplier holds the positions of a group, one multiplexer's area a bit.
    """
    is_float = jnp.asarray(design.value_format) > 1.5
    multipliers = design.multipliers
    each, lane = _multiplier(design, technology), _lane(design, technology)
    larger = jnp.where(is_float, technology["format.fp16_area"], 1.0)
    dearer = jnp.where(is_float, technology["format.fp16_energy"], 1.0)
    inputs = design.built_group - 1.0
    positions = design.built_kept * jnp.log2(design.built_group)
    mux_bits = inputs * design.value_bits + positions
    lanes = {"softmax_unit": design.softmax_lanes, "vector_unit": design.vector_lanes}
    area = {
        "array": multipliers * each.area * larger,
        "operand_muxes": multipliers * mux_bits * technology["mux.area"],
        **{unit: n * lane.area for unit, n in lanes.items()},
    }
    area["control"] = technology["control.area_share"] * sum(area.values())
    leakage = {part: metres2 * each.leakage_power for part, metres2 in area.items()}
    leakage |= {unit: n * lane.leakage_power for unit, n in lanes.items()}
    mib = {buffer: design.kib(buffer) / 1024.0 for buffer in BUFFERS}
    bits = technology["buffer.block"] * 8.0
    return Costs(
        area=area
        | {b: sram.area(technology, "buffer", size) for b, size in mib.items()},
        leakage=leakage
        | {b: sram.leakage(technology, "buffer", size) for b, size in mib.items()}
        | {"device": 0.0 * design.clock_mhz},
        multiply=each.energy * dearer,
        select=mux_bits * technology["mux.access_energy"],
        per_bit={
            b: sram.access_energy(technology, "buffer", size) / bits
            for b, size in mib.items()
        },
        per_pass=lane.energy,
    )


def _multiplier(design: NMEngine, technology: Technology) -> Part:
    """Return an integer multiply-accumulate; its leakage is that of logic, in W/m^2.

    The shared one, or AccelTran's synthesised parts: a multiplier by the square of the
    width, and a sixteenth of an adder tree by the width.
    """
    bits = design.value_bits
    if shared_parts.are_shared(technology):
        one = shared_parts.multiplier(technology, bits, bits)
        return one._replace(leakage_power=shared_parts.logic_leakage(technology, 1.0))
    squared = multiplier_size(bits, bits, _SYNTHESISED_BITS)
    along = adder_size(bits, _SYNTHESISED_BITS) / _TREE_INPUTS
    area, power = (
        technology[f"multiplier.{what}"] * squared
        + technology[f"adder_tree.{what}"] * along
        for what in ("area", "dynamic_power")
    )
    leaks = technology["multiplier.leakage_power"] / technology["multiplier.area"]
    return Part(area, power / technology["clock.frequency"], leaks)


def _lane(design: NMEngine, technology: Technology) -> Part:
    """Return a lane of the softmax or vector unit, that of AccelTran or the shared."""
    return vector_lane(technology, design.value_bits, _SYNTHESISED_BITS)


def _fpga(design: NMEngine, technology: Technology) -> Costs:
    """Count resources; area is that of the fabric they take up.

    What leaks, and what the clock and the routing of the array burn whether it works or
    not, belongs to the `device`.
    """
    used = resources(design, technology)
    lut_area = technology["fpga.lut_equivalent"]
    mux = jnp.where(design.built_group > 1.0, ceil(design.built_group / 4.0), 0.0)
    multipliers, bits = design.multipliers, design.value_bits
    per_kib = technology["fpga.bram_equivalent"] / _BLOCK_KIB["bram"]
    width = adder_size(bits, _FPGA_LANE_BITS)
    lane_area = technology["fpga.luts_per_lane"] * width * lut_area
    area = {
        "array": used["dsp"] * technology["fpga.dsp_equivalent"],
        "operand_muxes": multipliers * bits * mux * lut_area,
        "softmax_unit": design.softmax_lanes * lane_area,
        "vector_unit": design.vector_lanes * lane_area,
        "control": multipliers * technology["fpga.luts_per_multiplier"] * lut_area,
        **{buffer: design.kib(buffer) * per_kib for buffer in BUFFERS},
    }
    idle = multipliers * design.clock(technology) * technology["fpga.cycle_energy"]
    nothing = {part: 0.0 * square_metres for part, square_metres in area.items()}
    return Costs(
        area=area,
        leakage=nothing | {"device": technology["fpga.static_power"] + idle},
        multiply=technology["fpga.dsp_energy"] * (bits / 16.0),
        select=mux * bits * technology["fpga.lut_energy"],
        per_bit=dict.fromkeys(BUFFERS, technology["fpga.bram_energy"]),
        per_pass=_lane(design, technology).energy * technology["fpga.logic_energy_gap"],
    )
