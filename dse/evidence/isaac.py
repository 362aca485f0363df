"""ISAAC's array and chip against the crossbar engine: `dse validate isaac`."""

from __future__ import annotations

from pathlib import Path

from dse.engines.crossbar.engine import CrossbarEngine
from dse.evidence.claims import Claim
from dse.evidence.crossbars import (
    MANY,
    chip,
    full_arrays,
    product_cost,
    read_claims,
)

_REASONS = {
    "array_adc_energy": "one converter of the default law is scaled to this one",
    "array_dac_energy": "the same power that the model reads, over the modelled time",
    "array_cell_energy": "the same power that the model reads, over the modelled time",
    "array_shift_add_energy": "the same power that the model reads, over that time",
    "chip_area": "tiles without control, pooling and output registers, which were not "
    "in the numbers that were read",
}


def validate(data: Path | None = None, *, progress: bool = True) -> list[Claim]:
    """Compare one array, and a chip with everything at work, with the published ones.

    There is no data of one's own to compare with.
    """
    design = CrossbarEngine.isaac()
    technology = design.published_technology()
    seconds, energy = product_cost(
        design, technology, full_arrays(design, across=1.0, down=1.0, vectors=MANY)
    )
    found = chip(design, technology) | {
        "array_time": seconds * 1e6,
        "array_adc_energy": energy["adc"] * 1e9,
        "array_dac_energy": energy["dac"] * 1e9,
        "array_cell_energy": energy["cells"] * 1e9,
        "array_shift_add_energy": energy["shift_add"] * 1e9,
    }
    return read_claims("isaac", "shafiee2016isaac", found, _REASONS)
