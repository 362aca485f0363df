"""A matrix on crossbar arrays: how many arrays, how long a product, what energy.

A weight of W bits lies in ceil(W / bits_per_cell) columns side by side; an input of X
bits is fed in ceil(X / dac_bits) slices, one after another; every column of every slice
is converted, shifted and added. Sources: shafiee2016isaac; ankit2019puma.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp

from dse.engines.base import Op
from dse.engines.crossbar.adc import converter
from dse.hardware.technology import Technology
from dse.smooth import ceil_div

if TYPE_CHECKING:
    from dse.engines.crossbar.engine import CrossbarEngine

PIPELINE_FILL = 2.0  # slices: read, then convert, then shift and add


class Placement(NamedTuple):
    """Where one copy of the matrices of an op lies, all heads together."""

    rows: Any  # in use, of the fullest array
    row_groups: Any  # read one after another
    down: Any  # arrays along the summed axis, of one head
    across: Any  # arrays along the outputs, of one head
    arrays: Any
    cells: Any
    values_out: Any  # columns of one head, in values


def weight_slices(design: CrossbarEngine) -> Any:
    """Return the columns that hold one weight; a differential pair takes twice."""
    pairs = 1.0 + (jnp.asarray(design.weight_code) > 0.5)
    return pairs * ceil_div(design.weight_bits, design.bits_per_cell)


def input_slices(design: CrossbarEngine) -> Any:
    """Return the slices in which one input is fed."""
    return ceil_div(design.activation_bits, design.dac_bits)


def place(design: CrossbarEngine, op: Op) -> Placement:
    """Return the placement of heads x [inner, columns] on arrays, edges left empty."""
    columns = op.columns * weight_slices(design)
    rows = jnp.minimum(op.inner, design.array_rows)
    down = ceil_div(op.inner, design.array_rows)
    across = ceil_div(columns, design.array_columns)
    return Placement(
        rows=rows,
        row_groups=ceil_div(rows, design.rows_together),
        down=down,
        across=across,
        arrays=op.heads * op.choices * down * across,
        cells=op.heads * op.choices * op.inner * columns,
        values_out=op.columns,
    )


def slice_seconds(design: CrossbarEngine, technology: Technology) -> Any:
    """Return the time of one slice of one group of rows: read, or convert a column.

    max(read, columns / (converters * rate))
    """
    rate = jnp.minimum(design.wanted_rate, converter(design, technology).fastest)
    converting = design.array_columns / (design.adcs_per_array * rate)
    return jnp.maximum(technology["cell.read_time"], converting)


def vectors_seconds(
    design: CrossbarEngine, technology: Technology, row_groups: Any, vectors: Any
) -> Any:
    """Return the time of `vectors` products, one after another on the same arrays.

    (slices * row groups) * t_slice a vector. The pipeline of an array fills once, or,
    where vectors do not overlap, for each of them.
    """
    slices = vectors * input_slices(design) * row_groups
    slices = slices + PIPELINE_FILL * design.fills(vectors)
    return slices * slice_seconds(design, technology)


def array_rate(design: CrossbarEngine, technology: Technology) -> Any:
    """Return operations per second of all arrays, 2 for a multiply-accumulate.

        2 arrays rows columns / (slices of a weight * time of a vector)

    For products of all rows, or of those that leave no group of rows half empty, as
    whichever is faster.
    """
    groups = ceil_div(design.array_rows, design.rows_together)
    whole = jnp.maximum(groups - 1.0, 1.0)
    many = 1e6  # vectors, so that a pipeline that fills once does not count

    def rows_per_second(rows: Any, row_groups: Any) -> Any:
        return rows * many / vectors_seconds(design, technology, row_groups, many)

    rows = jnp.maximum(
        rows_per_second(design.array_rows, groups),
        rows_per_second(whole * design.rows_together, whole),
    )
    weights = design.array_columns / weight_slices(design)
    return 2.0 * design.arrays * weights * rows


class Energy(NamedTuple):
    """What products cost by component, in J, and for how long converters worked."""

    by_component: dict[str, Any]
    adc_seconds: Any  # converters x s
    dac_seconds: Any  # row drivers x s


def vectors_energy(
    design: CrossbarEngine,
    technology: Technology,
    op: Op,
    placed: Placement,
    vectors: Any,
) -> Energy:
    """Return the energy of `vectors` products, on whichever copy.

        E = slices [ rows across e_dac + cells e_cell + columns down (e_adc + e_add) ]

    Rows whose input is zero are not driven. Parts stay powered while the pipeline
    fills. Drivers of `dac_bits` cost in proportion (assumed).
    """
    adc = converter(design, technology)
    duration = slice_seconds(design, technology)
    slices = vectors * input_slices(design)
    filling = PIPELINE_FILL * design.fills(vectors)
    powered = 1.0 + filling / jnp.maximum(slices * placed.row_groups, 1.0)
    columns = op.heads * placed.values_out * weight_slices(design)
    conversions = powered * slices * columns * placed.down * placed.row_groups
    driven = op.heads * op.inner * ceil_div(placed.across, design.arrays_per_driver)
    drives = powered * slices * driven * op.input_density
    cells, arrays = placed.cells / op.choices, placed.arrays / op.choices  # in use
    reads = powered * slices * cells * op.input_density
    cores = arrays / design.arrays_per_core
    active = powered * slices * placed.row_groups * duration
    held = technology["sample_hold.energy"] + technology["shift_add.energy"]
    return Energy(
        by_component={
            "adc": conversions * adc.energy,
            "dac": drives * technology["dac.energy"] * design.dac_bits,
            "cells": reads * technology["cell.read_energy"],
            "shift_add": conversions * held,
            "core": cores * active * technology["core.dynamic_power"],
        },
        adc_seconds=conversions
        * duration
        * (design.adcs_per_array / design.array_columns),
        dac_seconds=drives * duration,
    )


def write_seconds(
    design: CrossbarEngine,
    technology: Technology,
    placed: Placement,
    copies: Any,
    tiles: Any,
) -> Any:
    """Return the time of writing copies of a placement, spread over some tiles.

        t_row * rows * max(1, arrays / (tiles * written together))

    A row of an array is written at a time, in `arrays_written_together` arrays a tile.
    """
    together = tiles * design.arrays_written_together
    rounds = jnp.maximum(1.0, copies * placed.arrays / together)
    return technology["cell.write_time"] * placed.rows * rounds


def area(design: CrossbarEngine, technology: Technology) -> dict[str, Any]:
    """Return the area in m^2 of all arrays with their converters and cores."""
    arrays = design.arrays
    cells = design.array_rows * design.array_columns
    drivers = design.array_rows / design.arrays_per_driver
    per_array = (
        design.array_columns * technology["sample_hold.area"]
        + technology["shift_add.area"]
    )
    return {
        "cells": arrays * cells * technology["cell.area"],
        "dac": arrays * drivers * technology["dac.area"] * design.dac_bits,
        "adc": arrays * design.adcs_per_array * converter(design, technology).area,
        "shift_add": arrays * per_array,
        "core": arrays / design.arrays_per_core * technology["core.area"],
    }


def idle_power(design: CrossbarEngine, technology: Technology) -> dict[str, Any]:
    """Return what one idle converter and one idle row driver draw, in W."""
    rate = design.array_columns / design.adcs_per_array
    working = converter(design, technology).energy * rate
    return {
        "adc": technology["adc.idle_share"]
        * working
        / slice_seconds(design, technology),
        "dac": technology["dac.idle_share"] * technology["dac.power"],
    }
