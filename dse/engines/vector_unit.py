"""The vector unit that softmax, layer norm and activations of most engines run on.

Lanes work on one value a cycle; an op passes over its values as often as it must: a
softmax for its maximum, for the sum of exponentials and for the division. Keys of a
technology: `vector_unit.energy`, `.area`, `.leakage_power`, each of one lane; or the
shared lane of all engines.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.word_length import adder_size
from dse.hardware.shared_parts import Part, are_shared
from dse.hardware.shared_parts import vector_lane as shared_lane
from dse.hardware.technology import Technology

PASSES = {"softmax": 3.0, "layer_norm": 3.0, "activation": 1.0}


class VectorWork(NamedTuple):
    """What an op does on a vector unit."""

    cycles: Number
    busy: Number  # cycles x lanes


def vector_lane(technology: Technology, bits: Number, known_bits: float) -> Part:
    """Return a lane for words of some bits, of which that of `known_bits` is known.

    Linear in the width: its registers, adders and tables.
    """
    if are_shared(technology):
        return shared_lane(technology, bits)
    told = Part(*(technology[f"vector_unit.{what}"] for what in Part._fields))
    return told.times(adder_size(bits, known_bits))


def vector_work(op: Op, run: Run, *, lanes: Number, kind: str) -> VectorWork:
    """Return the work of an op of a kind of `PASSES` on a unit of some lanes.

        values = batch heads rows columns;  cycles = max(1, passes values / lanes)

    Pruned values of a softmax are skipped: its values count by their density.
    """
    values = run.batch * op.heads * op.rows * op.columns
    if kind == "softmax":
        values = values * op.input_density
    work = PASSES[kind] * values
    return VectorWork(cycles=jnp.maximum(1.0, work / lanes), busy=work)
