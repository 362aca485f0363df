"""Spaces of some 10^16 designs, one for each family of engines, and a question each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import dse

STUDIES = Path(__file__).parents[2] / "studies" / "does_codesign_pay"
BANDWIDTHS = [6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6, 819.2]  # GB/s
MEMORIES = ["ddr4", "ddr5", "lpddr5x", "gddr6", "hbm2", "hbm2e", "hbm3", "hbm3e"]
CLOCKS = dse.interval(200, 1000, 17)
FEW = 8  # values of an axis that is not thinned


class Case(NamedTuple):
    """A space, what runs on its machines, and what is asked."""

    space: dse.Space
    suite: tuple[tuple[Any, float], ...]
    objective: str
    limits: tuple[str, ...]


def _case(name: str, objective: str, limits: tuple[str, ...], **axes: Any) -> Case:
    study = dse.load_study(STUDIES / f"{name}.toml")
    space = dse.Space(study.space.design, **axes)
    return Case(space, tuple(study.suite), objective, limits)


def tile() -> Case:
    """Return AccelTran's axes, each as fine as machines could be built."""
    return _case(
        "tile",
        "min:energy_delay",
        ("area <= 60 mm^2",),
        tile_batch=[1, 2, 4],
        tile_size=[8, 16, 32],
        pes=dse.integers(32, 512, 8),
        lanes_per_pe=dse.integers(4, 64, 2),
        multipliers_per_lane=[1, 2, 4, 8, 16],
        softmax_units_per_pe=dse.integers(1, 32),
        batch=dse.integers(1, 32),
        activation_buffer_mib=dse.interval(1, 32, 32),
        weight_buffer_mib=dse.interval(2, 64, 32),
        mask_buffer_mib=dse.interval(0.25, 8, 32),
        main_memory=MEMORIES,
        memory_bandwidth_gb_per_s=BANDWIDTHS,
        clock_mhz=CLOCKS,
        issue_batch=dse.tied("pes / 8"),
    )


def nm() -> Case:
    """Return arrays of any shape, with buffers and memories of any size."""
    return _case(
        "nm",
        "min:energy_delay",
        ("area <= 2 mm^2",),
        tile_rows=dse.integers(4, 64),
        tile_columns=dse.integers(4, 64),
        tile_depth=[1, 2, 4, 8],
        softmax_lanes=dse.integers(4, 64),
        vector_lanes=dse.integers(4, 64),
        results_per_cycle=dse.integers(4, 64),
        weight_buffer_kib=dse.interval(64, 2048, 32),
        activation_buffer_kib=dse.interval(64, 2048, 32),
        output_buffer_kib=[8, 16, 32, 64],
        main_memory=MEMORIES,
        memory_bandwidth_gb_per_s=BANDWIDTHS,
        clock_mhz=CLOCKS,
    )


def crossbar() -> Case:
    """Return weight-stationary arrays, their converters and their buffers."""
    study = dse.load_study(STUDIES / "nm.toml")
    design = dse.CrossbarEngine.isaac()
    space = dse.Space(
        design,
        weight_tiles=dse.integers(64, 512, 8),
        attention_tiles=dse.integers(1, 32),
        arrays_per_tile=[24, 48, 96, 192],
        active_rows=[16, 32, 64, 128],
        bits_per_cell=[1, 2, 4],
        adc_bits=dse.integers(4, 10),
        adcs_per_array=[0.25, 0.5, 1, 2],
        adc_rate_ghz=dse.interval(0.2, 2.0, 19),
        buffer_kib_per_tile=dse.interval(8, 256, 32),
        lanes_per_tile=dse.integers(1, 64),
        replication=dse.integers(1, 16),
        main_memory=MEMORIES,
        memory_bandwidth_gb_per_s=BANDWIDTHS,
        clock_mhz=CLOCKS,
    )
    return Case(space, tuple(study.suite), "min:energy_delay", ("area <= 200 mm^2",))


def filters() -> Case:
    """Return Energon's axes, each as fine as machines could be built."""
    return _case(
        "filter",
        "min:energy_delay",
        ("area <= 4 mm^2",),
        low_bit_multipliers=dse.integers(256, 4096, 64),
        high_bit_multipliers=dse.integers(64, 1024, 16),
        selector_lanes=dse.integers(4, 64, 4),
        exponent_lanes=dse.integers(1, 32),
        divider_lanes=dse.integers(1, 32),
        query_block=[8, 16, 32, 64],
        key_buffer_kib=dse.interval(4, 128, 32),
        value_buffer_kib=dse.interval(4, 128, 32),
        query_buffer_kib=dse.interval(1, 16, 16),
        heads_in_parallel=[1, 2, 3, 4, 6, 12],
        main_memory=MEMORIES,
        memory_bandwidth_gb_per_s=BANDWIDTHS,
        clock_mhz=CLOCKS,
    )


def thinned(case: Case, size: float) -> Case:
    """Return a case of fewer designs: of long axes the same share, by logarithm."""
    space = case.space
    long = {name: axis for name, axis in space.axes.items() if len(axis) > FEW}
    most = np.prod([float(len(axis)) for axis in long.values()])
    wanted = max(size * most / space.size, 1.0)
    share = min(1.0, np.log(wanted) / np.log(most))
    axes: dict[str, Any] = {name: list(a.values) for name, a in space.axes.items()}
    for name, axis in long.items():
        count = max(2, round(len(axis) ** share))
        places = np.unique(np.linspace(0, len(axis) - 1, count).round().astype(int))
        axes[name] = [axis.values[place] for place in places]
    return case._replace(space=dse.Space(space.design, **axes, **space.tied))


CASES = {"tile": tile, "nm": nm, "crossbar": crossbar, "filter": filters}
