"""PUMA's matrix unit and node against the crossbar engine: `dse validate puma`."""

from __future__ import annotations

from pathlib import Path

from dse.engines.crossbar.engine import CrossbarEngine
from dse.evidence.claims import Claim
from dse.evidence.crossbars import chip, full_arrays, product_cost, read_claims

_OF_UNIT = ("adc", "dac", "cells", "shift_add")
_RATE = (
    "1.67 times what all matrix units do at 2304 ns a product, two operations for a "
    "multiplication and addition; how the published rate counts could not be read"
)
_REASONS = {
    "unit_energy": "converters are scaled to the simulator's, at 2 mW; nothing is "
    "scaled to this figure",
    "chip_area": "parts of cores and tiles from the simulator's constants",
    "chip_rate": _RATE,
    "rate_by_area": "follows from the rate",
    "rate_by_power": "follows from the rate",
}


def validate(data: Path | None = None, *, progress: bool = True) -> list[Claim]:
    """Compare one matrix unit, and a node with everything at work, with the published.

    A unit holds 128 x 128 weights of 16 bits in 8 arrays and takes one vector at a
    time. There is no data of one's own to compare with.
    """
    design = CrossbarEngine.puma()
    technology = design.published_technology()
    seconds, energy = product_cost(
        design, technology, full_arrays(design, across=8.0, down=1.0, vectors=1.0)
    )
    unit = sum(energy[part] for part in _OF_UNIT)
    found = chip(design, technology) | {
        "unit_time": seconds * 1e9,
        "unit_energy": unit * 1e9,
    }
    return read_claims("puma", "ankit2019puma", found, _REASONS)
