"""The vector unit that softmax, layer norm and activations of most engines run on.

Lanes work on one value a cycle; an op passes over its values as often as it must: a
softmax for its maximum, for the sum of exponentials and for the division. Keys of a
technology: `vector_unit.energy`, `.area`, `.leakage_power`, each of one lane.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from dse.engines.base import Op, Run
from dse.hardware.technology import Technology

PASSES = {"softmax": 3.0, "layer_norm": 3.0, "activation": 1.0}


class VectorWork(NamedTuple):
    """What an op does on a vector unit."""

    cycles: Any
    busy: Any  # cycles x lanes
    energy: Any  # J


def vector_work(
    op: Op, run: Run, technology: Technology, *, lanes: Any, kind: str
) -> VectorWork:
    """Return the work of an op of a kind of `PASSES` on a unit of some lanes.

        values = batch heads rows columns;  cycles = max(1, passes values / lanes)

    Pruned values of a softmax are skipped: its values count by their density.
    """
    values = run.batch * op.heads * op.rows * op.columns
    if kind == "softmax":
        values = values * op.input_density
    work = PASSES[kind] * values
    return VectorWork(
        cycles=jnp.maximum(1.0, work / lanes),
        busy=work,
        energy=work * technology["vector_unit.energy"],
    )


def vector_area(technology: Technology, lanes: Any) -> Any:
    """Return the area of a vector unit in m^2."""
    return lanes * technology["vector_unit.area"]


def vector_leakage(technology: Technology, lanes: Any, seconds: Any) -> Any:
    """Return what a vector unit leaks in J; it is not gated."""
    return lanes * technology["vector_unit.leakage_power"] * seconds
