"""How long the cells last: writes wear them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.crossbar import memory as crossbar_memory
from dse.hardware.technology import Technology

if TYPE_CHECKING:
    from dse.engines.crossbar.engine import CrossbarEngine

YEAR = 365.25 * 24 * 3600.0  # s


def writes_per_cell(
    design: CrossbarEngine, technology: Technology, dynamic: dict[str, Number]
) -> dict[str, Number]:
    """Return how often a run writes a cell, by what the arrays hold.

    Writes are counted by their energy, and go round all cells of their kind in turn.
    """
    of_array = design.array_rows * design.array_columns
    cells = {
        "weight": crossbar_memory.capacity(design),
        "key_value": design.attention_tiles * design.arrays_per_tile * of_array,
    }
    writes = {
        kind: dynamic.get(f"{kind}_writes", 0.0) / technology["cell.write_energy"]
        for kind in cells
    }
    return {kind: writes[kind] / cells[kind] for kind in cells}


def wear(
    design: CrossbarEngine,
    technology: Technology,
    seconds: Number,
    dynamic: dict[str, Number],
) -> Number:
    """Return the share of its life that the most written cell loses in a second.

        writes of a cell in a run / (endurance * wear levelling * time of a run)

    Runs follow each other.
    """
    most = jnp.maximum(*writes_per_cell(design, technology, dynamic).values())
    worn = technology["cell.endurance"] * technology["cell.wear_levelling"]
    return most / (worn * seconds)
