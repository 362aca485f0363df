"""The crossbar engine against figures of ISAAC and PUMA: `dse validate isaac`, `puma`.

All are of one array, one matrix unit, or a whole chip with every part at work; none is
of a transformer, which neither publication ran. No assumed number enters them, so they
have no intervals.
"""

from __future__ import annotations

from pathlib import Path

from dse.arrays import Number
from dse.csv_file import read_rows
from dse.engines.base import Op, describe_run
from dse.engines.crossbar import array as crossbar_array
from dse.engines.crossbar import memory as crossbar_memory
from dse.engines.crossbar import noise as crossbar_noise
from dse.engines.crossbar.engine import CrossbarEngine
from dse.evidence.claims import Claim
from dse.evidence.silicon import run_alone
from dse.hardware.technology import Technology
from dse.shipped import hw_params_folder
from dse.smooth import ceil
from dse.workload.layers import linear

MANY = 4096.0  # vectors one after another, so that filling a pipeline once is nothing


_OF_UNIT = ("adc", "dac", "cells", "shift_add")
_SOURCES = {"isaac": "shafiee2016isaac", "puma": "ankit2019puma"}
_AS_READ = "the same power that the model reads, over the modelled time"
_REASONS = {
    "isaac": {
        "array_adc_energy": "one converter of the default law is scaled to this one",
        "array_dac_energy": _AS_READ,
        "array_cell_energy": _AS_READ,
        "array_shift_add_energy": "the same power that the model reads, over that time",
        "chip_area": "tiles without control, pooling and output registers, which were "
        "not in the numbers that were read",
    },
    "puma": {
        "unit_energy": "converters are scaled to the simulator's, at 2 mW; nothing is "
        "scaled to this figure",
        "chip_area": "parts of cores and tiles from the simulator's constants",
        "chip_rate": "1.67 times what all matrix units do at 2304 ns a product, two "
        "operations for a multiplication and addition; how the published rate counts "
        "could not be read",
        "rate_by_area": "follows from the rate",
        "rate_by_power": "follows from the rate",
    },
}


def validate(
    data: Path | None = None, of: str = "isaac", *, progress: bool = True
) -> list[Claim]:
    """Compare an array and a chip with everything at work with the published ones.

    Of `isaac` an array in a long run; of `puma` a matrix unit, which holds 128 x 128
    weights of 16 bits in 8 arrays and takes one vector at a time. There is no data of
    one's own to compare with.
    """
    found = _of_isaac() if of == "isaac" else _of_puma()
    table = hw_params_folder() / "reported" / "crossbars.csv"
    return [
        Claim(
            name=row["quantity"].replace("_", " "),
            claimed=float(row["claimed"]),
            unit=row["unit"],
            source=_SOURCES[of],
            where=row["where"],
            modelled=found[row["quantity"]],
            tolerance=float(row["tolerance"]),
            fitted=row["fitted"] == "yes",
            reason=_REASONS[of].get(row["quantity"], ""),
        )
        for _, row in read_rows(table, "a CSV of claims")
        if row["system"] == of
    ]


def _of_isaac() -> dict[str, float]:
    design = CrossbarEngine.isaac()
    technology = design.published_technology()
    seconds, energy = product_cost(
        design, technology, full_arrays(design, across=1.0, down=1.0, vectors=MANY)
    )
    return chip(design, technology) | {
        "array_time": seconds * 1e6,
        "array_adc_energy": energy["adc"] * 1e9,
        "array_dac_energy": energy["dac"] * 1e9,
        "array_cell_energy": energy["cells"] * 1e9,
        "array_shift_add_energy": energy["shift_add"] * 1e9,
    }


def _of_puma() -> dict[str, float]:
    design = CrossbarEngine.puma()
    technology = design.published_technology()
    seconds, energy = product_cost(
        design, technology, full_arrays(design, across=8.0, down=1.0, vectors=1.0)
    )
    unit = sum(energy[part] for part in _OF_UNIT)
    return chip(design, technology) | {
        "unit_time": seconds * 1e9,
        "unit_energy": unit * 1e9,
    }


def product(inner: Number, columns: Number, vectors: Number) -> Op:
    """Return one dense product [vectors, inner] x [inner, columns]."""
    return Op(
        heads=1.0,
        rows=vectors,
        inner=inner,
        columns=columns,
        input_density=1.0,
        weight_density=1.0,
        output_density=1.0,
        weights_before=0.0,
        density_before=1.0,
        in_attention=0.0,
        last_share=0.0,
    )


def full_arrays(
    design: CrossbarEngine, *, across: Number, down: Number, vectors: Number
) -> Op:
    """Return the product that fills arrays side by side, and below each other."""
    columns = across * design.array_columns / crossbar_array.weight_slices(design)
    return product(down * design.array_rows, columns, vectors)


def product_cost(
    design: CrossbarEngine, technology: Technology, op: Op
) -> tuple[float, dict[str, float]]:
    """Return time in s and energy in J by component: the mean of an op's vectors.

    Converters and drivers of the arrays in use draw what they do when they wait, too.
    """
    placed = crossbar_array.place(design, op)
    seconds = crossbar_array.vectors_seconds(
        design, technology, placed.row_groups, op.rows
    )
    energy = crossbar_array.vectors_energy(design, technology, op, placed, op.rows)
    for part, power in crossbar_array.idle_power(design, technology).items():
        energy[part] += power * seconds * placed.arrays / design.arrays
    rows = float(op.rows)
    return float(seconds) / rows, {n: float(e) / rows for n, e in energy.items()}


def chip_power(design: CrossbarEngine, technology: Technology) -> float:
    """Return the power in W of a chip on which everything works all the time.

    Arrays multiply, each set of row drivers gets inputs of its own, cores return their
    results; vector units and link are busy, buffers and buses leak.
    """
    across = design.arrays_per_driver
    core = full_arrays(
        design, across=across, down=design.arrays_per_core / across, vectors=MANY
    )
    seconds, energy = product_cost(design, technology, core)
    placed = crossbar_array.place(design, core)
    alone = describe_run(run_alone([linear("product", 1, 1, 1, reads=(0,))]))
    moved = crossbar_memory.product_traffic_energy(
        design, technology, core, placed, alone
    )
    cores = design.arrays / design.arrays_per_core
    power = (sum(energy.values()) + sum(moved.values()) / core.rows) / seconds * cores
    power += sum(crossbar_memory.leakage_power(design, technology).values())
    lane = technology["vector_unit.energy"] * design.clock(technology)
    power += design.vector_lanes * (lane + technology["vector_unit.leakage_power"])
    return float(power + technology["link.power"])


def chip(design: CrossbarEngine, technology: Technology) -> dict[str, float]:
    """Return the figures of a whole chip, in the units of the reported table."""
    area = {k: 1e6 * float(v) for k, v in design.area(technology).items()}  # mm^2
    rate = float(crossbar_array.array_rate(design, technology)) / 1e9
    power = chip_power(design, technology)
    cells = design.arrays * design.array_rows * design.array_columns
    cores = sum(area[part] for part in ("cells", "dac", "adc", "shift_add", "core"))
    return {
        "chip_area": sum(area.values()),
        "chip_power": power,
        "chip_rate": rate / 1e3,
        "rate_by_area": rate / sum(area.values()),
        "rate_by_area_of_cores": rate / cores,
        "rate_by_power": rate / power,
        "weights": float(cells * design.bits_per_cell) / 8.0 / 2.0**20,
        "adc_bits": float(ceil(crossbar_noise.lossless_bits(design, technology))),
    }
