"""Units and buffers of a filter engine: how many, how large, at what energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dse.arrays import Number
from dse.engines.filter.work import HeadWork
from dse.engines.word_length import adder_size, multiplier_size
from dse.hardware import shared_parts, sram
from dse.hardware.shared_parts import SOFTMAX_PASSES, Part, are_shared
from dse.hardware.technology import Technology

if TYPE_CHECKING:
    from dse.engines.filter.engine import FilterEngine

BUFFERS = ("key_buffer", "value_buffer", "query_buffer")
# The sizes for which the unit costs stand in the parameter file.
_WORD_BITS, _LOW_BIT_PRODUCT = 16.0, 4.0 * 2.0
_KIB_PER_MIB = 1024.0


def _units(design: FilterEngine) -> dict[str, tuple[tuple[str, Any, Any], ...]]:
    """Return (kind, count, size of one) of the units of each component.

    A multiplier grows with the product of the widths of its operands, and so does a
    divider, which is rows of subtractors; what compares or looks up with the width.
    """
    word = multiplier_size(design.word_bits, design.word_bits, _WORD_BITS)
    along = adder_size(design.word_bits, _WORD_BITS)
    low = design.query_bits * design.first_round_bits / _LOW_BIT_PRODUCT
    return {
        "filtering_unit": (
            ("low_bit_multiplier", design.low_bit_multipliers, low),
            ("selector", design.selector_lanes, 1.0),
        ),
        "attention_unit": (
            ("high_bit_multiplier", design.high_bit_multipliers, word),
            ("exponent", design.exponent_lanes, along),
            ("divider", design.divider_lanes, word),
        ),
    }


def _each(design: FilterEngine, technology: Technology, kind: str) -> Part:
    """Return a unit of a kind, of the size that it is known in.

    What multiplies, exponentiates and divides is shared where a technology has it: an
    exponent unit takes a score twice, for the maximum and for the sum.
    """
    if are_shared(technology) and kind != "selector":
        word = shared_parts.multiplier(technology, _WORD_BITS, _WORD_BITS)
        lane = shared_parts.vector_lane(technology, _WORD_BITS)
        shared = {
            "low_bit_multiplier": word.times(technology["low_bit.share"]),
            "high_bit_multiplier": word,
            "exponent": lane.times(SOFTMAX_PASSES - 1.0),
            "divider": lane,
        }
        return shared[kind]
    area, energy = (technology[f"{kind}.{what}"] for what in ("area", "energy"))
    if are_shared(technology):
        return Part(area, energy, shared_parts.logic_leakage(technology, area))
    full = technology["logic.leakage_share"] * design.clock(technology)
    return Part(area, energy, full * energy)


def _sum(design: FilterEngine, technology: Technology, what: str) -> dict[str, Number]:
    """Return `area` or `leakage_power` of all units of each component."""
    return {
        component: sum(
            n * size * getattr(_each(design, technology, kind), what)
            for kind, n, size in units
        )
        for component, units in _units(design).items()
    }


def areas(design: FilterEngine, technology: Technology) -> dict[str, Number]:
    """Return the area in m^2 of each component; `control` is a share of all others."""
    found = _sum(design, technology, "area")
    for buffer in BUFFERS:
        found[buffer] = sram.area(technology, "buffer", _mib(design, buffer))
    share = technology["control.share_of_area"]
    return found | {"control": share * sum(found.values())}


def leakage_powers(design: FilterEngine, technology: Technology) -> dict[str, Number]:
    """Return the leakage power in W of each component.

    That of logic is a share of its power when all units work in every cycle, or that of
    all logic of its area where parts are shared.
    """
    found = _sum(design, technology, "leakage_power")
    for buffer in BUFFERS:
        found[buffer] = sram.leakage(technology, "buffer", _mib(design, buffer))
    return found


def work_energies(
    design: FilterEngine, technology: Technology, work: HeadWork
) -> dict[str, Number]:
    """Return the energy in J that one head's work takes in each unit."""
    done = {
        "low_bit_multiplier": work.low_bit_macs,
        "selector": work.selections,
        "high_bit_multiplier": work.high_bit_macs,
        "exponent": work.exponents,
        "divider": work.divisions,
    }
    return {
        component: sum(
            done[kind] * size * _each(design, technology, kind).energy
            for kind, _, size in units
        )
        for component, units in _units(design).items()
    }


def access_energy(
    design: FilterEngine, technology: Technology, buffer: str, bits: Number
) -> Number:
    """Return the energy in J of moving some bits into or out of a buffer."""
    blocks = bits / (technology["buffer.block"] * 8.0)
    per_block = sram.access_energy(technology, "buffer", _mib(design, buffer))
    return blocks * per_block


def _mib(design: FilterEngine, buffer: str) -> Number:
    kib: Number = getattr(design, f"{buffer}_kib")
    return kib / _KIB_PER_MIB
