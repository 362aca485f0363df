"""How long a product occupies the array: four dataflows, dense and N:M.

A product is [rows, summed] x [summed, columns]. Of every M elements along the summed
axis a sparse array works on N. `tile_depth` multipliers of a processing element take
that many elements of it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.errors import InputError, did_you_mean
from dse.smooth import ceil_div

if TYPE_CHECKING:
    from dse.engines.nm.engine import NMEngine

DATAFLOWS = ("tile", "output_stationary", "weight_stationary", "input_stationary")


def kept_length(summed: Number, kept: Number, group: Number) -> Number:
    """Return how many elements of the summed axis are worked on: N ceil(K / M).

    A last group that is not full counts as full, as it is stored.
    """
    return kept * ceil_div(summed, group)


def product_cycles(
    design: NMEngine,
    *,
    rows: Number,
    summed: Number,
    columns: Number,
    kept: Number,
    group: Number,
) -> Number:
    """Return the cycles in which the array does one product, pipeline filled or not.

    With R, C, D = `tile_rows`, `tile_columns`, `tile_depth` and S steps along the
    summed axis, S = ceil(N ceil(K / M) / D):

        tile               ceil(rows / R) ceil(columns / C) S
        output_stationary  ceil(rows / R) ceil(columns / C) (S + R + C - 2)
        weight_stationary  ceil(S / R) ceil(columns / C) (rows + 2 R + C - 2)
        input_stationary   ceil(S / R) ceil(rows / C) (columns + 2 R + C - 2)

    The first is a tile of dot products fed side by side. The others are systolic: their
    operands enter skewed, and the stationary one is loaded first, R cycles; R and C are
    then rows and columns of the array. Scalars; unit: cycle. Raises `InputError` for
    another dataflow. Source: raj2025scalesim, systolic_compute_{os,ws,is}.py for D = 1.
    """
    if design.dataflow not in DATAFLOWS:
        raise InputError(
            f"`NMEngine.dataflow` is {design.dataflow!r}."
            + did_you_mean(design.dataflow, DATAFLOWS)
        )
    array_rows, array_columns = design.tile_rows, design.tile_columns
    steps = ceil_div(kept_length(summed, kept, group), design.tile_depth)
    skew = array_rows + array_columns - 2.0
    if design.dataflow in ("tile", "output_stationary"):
        tiles = ceil_div(rows, array_rows) * ceil_div(columns, array_columns)
        return tiles * (steps if design.dataflow == "tile" else steps + skew)
    streams = design.dataflow == "weight_stationary"
    held, streamed = (columns, rows) if streams else (rows, columns)
    folds = ceil_div(steps, array_rows) * ceil_div(held, array_columns)
    return folds * (streamed + array_rows + skew)


def softmax_exposed(scores: Number, softmax: Number, rows: Number) -> Number:
    """Return the cycles that a softmax behind its scores adds to them.

        max(0, softmax - scores) + max(softmax / rows, 1)

    Normalising streams behind the scores row by row: what the scores do not hide is
    waited for, and the last row is normalised when all scores are done, which takes a
    cycle or more. `softmax` and `scores` in cycles, over `rows` rows of all heads.
    Scalars; unit: cycle.
    """
    return jnp.maximum(softmax - scores, 0.0) + jnp.maximum(softmax / rows, 1.0)
