"""Units and buffers of a filter engine: how many, how large, at what energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dse.engines.filter.work import HeadWork
from dse.engines.word_length import adder_size, multiplier_size
from dse.hardware import sram
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


def areas(design: FilterEngine, technology: Technology) -> dict[str, Any]:
    """Return the area in m^2 of each component; `control` is a share of all others."""
    found = {
        component: sum(n * size * technology[f"{kind}.area"] for kind, n, size in units)
        for component, units in _units(design).items()
    }
    for buffer in BUFFERS:
        found[buffer] = sram.area(technology, "buffer", _mib(design, buffer))
    share = technology["control.share_of_area"]
    return found | {"control": share * sum(found.values())}


def leakage_powers(design: FilterEngine, technology: Technology) -> dict[str, Any]:
    """Return the leakage power in W of each component.

    That of logic is a share of its power when all units work in every cycle.
    """
    full = technology["logic.leakage_share"] * design.clock(technology)
    found = {
        component: full
        * sum(n * size * technology[f"{kind}.energy"] for kind, n, size in units)
        for component, units in _units(design).items()
    }
    for buffer in BUFFERS:
        found[buffer] = sram.leakage(technology, "buffer", _mib(design, buffer))
    return found


def work_energies(
    design: FilterEngine, technology: Technology, work: HeadWork
) -> dict[str, Any]:
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
            done[kind] * size * technology[f"{kind}.energy"] for kind, _, size in units
        )
        for component, units in _units(design).items()
    }


def access_energy(
    design: FilterEngine, technology: Technology, buffer: str, bits: Any
) -> Any:
    """Return the energy in J of moving some bits into or out of a buffer."""
    blocks = bits / (technology["buffer.block"] * 8.0)
    per_block = sram.access_energy(technology, "buffer", _mib(design, buffer))
    return blocks * per_block


def _mib(design: FilterEngine, buffer: str) -> Any:
    return getattr(design, f"{buffer}_kib") / _KIB_PER_MIB
