"""A matrix on crossbar arrays: how many arrays, how long a product, what energy.

A weight of W bits lies in ceil(W / bits_per_cell) columns side by side; an input is fed
in slices, one after another, that are converted, shifted and added, one by one or
several together (`slices`). Sources: shafiee2016isaac; ankit2019puma; wan2022neurram.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op
from dse.engines.crossbar.adc import converter
from dse.engines.crossbar.slices import has_integrators, slices_of
from dse.hardware.technology import Technology
from dse.smooth import ceil_div

if TYPE_CHECKING:
    from dse.engines.crossbar.engine import CrossbarEngine

PIPELINE_FILL = 2.0  # slices: read, then convert, then shift and add


class Placement(NamedTuple):
    """Where one copy of the matrices of an op lies, all heads together."""

    rows: Number  # in use, of the fullest array
    row_groups: Number  # read one after another
    down: Number  # arrays along the summed axis, of one head
    across: Number  # arrays along the outputs, of one head
    arrays: Number
    cells: Number
    values_out: Number  # columns of one head, in values


def weight_slices(design: CrossbarEngine) -> Number:
    """Return the columns that hold one weight; a differential pair takes twice."""
    pairs = 1.0 + (jnp.asarray(design.weight_code) > 0.5)
    return pairs * ceil_div(design.weight_bits, design.bits_per_cell)


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


def input_seconds(design: CrossbarEngine, technology: Technology) -> Number:
    """Return the time of one input word on one group of rows, in s.

        fed max(t_read, t_convert)                               slice by slice
        integrations t_cycle + conversions t_convert             by integrators

    with t_convert = columns / (converters * rate). A slice is converted while the next
    one is read; a column that integrates waits for its conversion.
    """
    adc, slices = converter(design, technology), slices_of(design)
    rate = jnp.minimum(design.wanted_rate, adc.fastest)
    converting = design.array_columns / (design.adcs_per_array * rate)
    one_by_one = slices.fed * jnp.maximum(technology["cell.read_time"], converting)
    integrating = slices.integrations * technology["adc.neuron_cycle"]
    together = integrating + slices.conversions * converting
    return jnp.where(has_integrators(design), together, one_by_one)


def filled(design: CrossbarEngine, vectors: Number) -> Number:
    """Return the slices for which a pipeline fills during some products.

    Once, or, where vectors do not overlap, for each of them; integrators have none.
    """
    return jnp.where(
        has_integrators(design), 0.0, PIPELINE_FILL * design.fills(vectors)
    )


def vectors_seconds(
    design: CrossbarEngine, technology: Technology, row_groups: Number, vectors: Number
) -> Number:
    """Return the time of `vectors` products, one after another on the same arrays.

    An input word for each group of rows, and the slices for which the pipeline fills.
    """
    words = vectors * row_groups + filled(design, vectors) / slices_of(design).fed
    return words * input_seconds(design, technology)


def array_rate(design: CrossbarEngine, technology: Technology) -> Number:
    """Return operations per second of all arrays, 2 for a multiply-accumulate.

        2 arrays rows columns / (slices of a weight * time of a vector)

    For products of all rows, or of those that leave no group of rows half empty, as
    whichever is faster.
    """
    groups = ceil_div(design.array_rows, design.rows_together)
    whole = jnp.maximum(groups - 1.0, 1.0)
    many = 1e6  # vectors, so that a pipeline that fills once does not count

    def rows_per_second(rows: Number, row_groups: Number) -> Number:
        return rows * many / vectors_seconds(design, technology, row_groups, many)

    rows = jnp.maximum(
        rows_per_second(design.array_rows, groups),
        rows_per_second(whole * design.rows_together, whole),
    )
    weights = design.array_columns / weight_slices(design)
    return 2.0 * design.arrays * weights * rows


def vectors_energy(
    design: CrossbarEngine,
    technology: Technology,
    op: Op,
    placed: Placement,
    vectors: Number,
) -> dict[str, Number]:
    """Return the energy of `vectors` products in J by component, on whichever copy.

        E = fed [ rows across e_dac + cells e_cell + columns down e_hold ]
            + columns down [ conversions (e_adc + e_add) + integrations e_int ]

    Rows whose input is zero are not driven. Parts stay powered while the pipeline
    fills. Drivers of `dac_bits` cost in proportion (assumed). Of converters and drivers
    it is what they draw beyond their `idle_power`, the rest of what they were published
    to draw at work.
    """
    adc, slices = converter(design, technology), slices_of(design)
    fed = vectors * slices.fed
    filling = filled(design, vectors)
    powered = 1.0 + filling / jnp.maximum(fed * placed.row_groups, 1.0)
    columns = op.heads * placed.values_out * weight_slices(design)
    sums = powered * vectors * columns * placed.down * placed.row_groups
    conversions = sums * slices.conversions
    driven = op.heads * op.inner * ceil_div(placed.across, design.arrays_per_driver)
    drives = powered * fed * driven * op.input_density
    cells, arrays = placed.cells / op.choices, placed.arrays / op.choices  # in use
    reads = powered * fed * cells * op.input_density
    cores = arrays / design.arrays_per_core
    active = powered * vectors * placed.row_groups * input_seconds(design, technology)
    added = (
        slices.fed * technology["sample_hold.energy"]
        + slices.conversions * technology["shift_add.energy"]
        + slices.integrations * technology["adc.neuron_integrate_energy"]
    )
    drive = technology["dac.energy"] * design.dac_bits
    return {
        "adc": conversions * adc.energy * _beyond_idle("adc", technology),
        "dac": drives * drive * _beyond_idle("dac", technology),
        "cells": reads * technology["cell.read_energy"],
        "shift_add": sums * added,
        "core": cores * active * technology["core.dynamic_power"],
    }


def idle_power(design: CrossbarEngine, technology: Technology) -> dict[str, Number]:
    """Return what all converters and all row drivers draw, at work or not, in W.

        adc    share * columns * conversions * e_adc / t_word      of every array
        dac    share * p_dac * dac_bits                            of every driver

    Shares of the power of converters that never wait, and of drivers as published.
    """
    adc, slices = converter(design, technology), slices_of(design)
    sums = design.arrays * design.array_columns / input_seconds(design, technology)
    drivers = design.arrays * design.array_rows / design.arrays_per_driver
    drive = technology["dac.power"] * design.dac_bits
    return {
        "adc": technology["adc.idle_share"] * sums * slices.conversions * adc.energy,
        "dac": technology["dac.idle_share"] * drivers * drive,
    }


def _beyond_idle(part: str, technology: Technology) -> Number:
    """Return the share of a part's power at work that it does not draw idle."""
    return jnp.maximum(1.0 - technology[f"{part}.idle_share"], 0.0)


def write_seconds(
    design: CrossbarEngine,
    technology: Technology,
    placed: Placement,
    copies: Number,
    tiles: Number,
) -> Number:
    """Return the time of writing copies of a placement, spread over some tiles.

        t_row * rows * max(1, arrays / (tiles * written together))

    A row of an array is written at a time, in `arrays_written_together` arrays a tile.
    """
    together = tiles * design.arrays_written_together
    rounds = jnp.maximum(1.0, copies * placed.arrays / together)
    return technology["cell.write_time"] * placed.rows * rounds


def area(design: CrossbarEngine, technology: Technology) -> dict[str, Number]:
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
