"""How long the cells last: writes wear them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from dse.engines import crossbar_memory
from dse.hardware.technology import Technology

if TYPE_CHECKING:
    from dse.engines.crossbar import CrossbarEngine

YEAR = 365.25 * 24 * 3600.0  # s


def writes_per_cell(
    design: CrossbarEngine, technology: Technology, dynamic: dict[str, Any]
) -> dict[str, Any]:
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


def lifetime(
    design: CrossbarEngine,
    technology: Technology,
    seconds: Any,
    dynamic: dict[str, Any],
) -> Any:
    """Return the time in s until the first cells wear out, runs following each other.

        endurance * wear levelling * time of a run / writes of a cell in a run

    Infinite where nothing is written.
    """
    most = jnp.maximum(*writes_per_cell(design, technology, dynamic).values())
    worn = technology["cell.endurance"] * technology["cell.wear_levelling"]
    return jnp.where(most > 0, worn * seconds / jnp.where(most > 0, most, 1.0), jnp.inf)
