"""A design of AccelTran's space as its simulator is given one: a YAML file.

Where the simulator counts MB it takes 2^20 bytes, and a design holds the batch, which
is the workload's here. Source: the simulator of tuli2023acceltran.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from dse.engines.tile.engine import TileEngine
from dse.hardware.parameters import load_parameters
from dse.toml_file import Table, TomlFaults, number, read_table
from dse.units import from_si
from dse.yaml_file import read_yaml

_BANDWIDTHS = {"lb": "bandwidth_low", "hb": "bandwidth_high"}  # of a mode of memory


def _count(description: str, example: int) -> Any:
    whole = f"{description}, a whole number"
    return number(..., "1", whole, example=example, ge=1)  # type: ignore[arg-type]


def _size(description: str, example: float) -> Any:
    told = f"MB of the {description} buffer, above 0"
    return number(..., "MB", told, example=example, gt=0)  # type: ignore[arg-type]


class _Tile(Table):
    tile_b: int = _count("sequences of a tile", 1)
    tile_x: int = _count("rows of a tile", 16)
    tile_y: int = _count("columns of a tile, as many as rows", 16)


class _Memory(Table):
    type: str = Field(description="the kind of main memory, as 'dram'")
    mode: Literal["lb", "hb"] = Field(description="lb or hb: 25.6 or 256 GB/s")
    banks: int = _count("banks", 32)
    ranks: int = _count("ranks", 2)
    channels: int = _count("channels", 1)


class _ComputeOps(Table):
    tiled: Literal[True] = Field(description="true: products are issued as tiles")
    batch_size: int = _count("tile ops issued a cycle", 8)


class _MemoryOps(Table):
    tiled: Literal[False] = Field(description="false: loads are issued whole")
    batch_size: Literal[1] = Field(description="1: loads are issued one by one")


class _Scheduler(Table):
    compute_ops: _ComputeOps = Field(description="a table { tiled, batch_size }")
    memory_ops: _MemoryOps = Field(description="a table { tiled, batch_size }")


class _Design(Table):
    tile: _Tile = Field(description="a table { tile_b, tile_x, tile_y }")
    non_linearity: str = Field(description="'relu' or 'gelu'")
    pe: int = _count("processing elements", 64)
    lanes_per_pe: int = _count("MAC lanes of a PE", 16)
    mac_per_lane: int = _count("multipliers of a lane", 16)
    softmax_per_pe: int = _count("softmax units of a PE", 4)
    batch_size: int = _count("sequences run together", 4)
    activation_buffer_size: float = _size("activation", 4)
    weight_buffer_size: float = _size("weight", 8)
    mask_buffer_size: float = _size("mask", 1)
    loop_unrolling: str = Field(description="an order of loops, as 'b_i_j_k'")
    main_memory: _Memory = Field(
        description="a table { type, mode, banks, ranks, channels }"
    )
    scheduler: _Scheduler = Field(description="a table { compute_ops, memory_ops }")


def read_design_file(path: str | Path) -> TileEngine:
    """Return the machine of a design file of AccelTran's simulator.

    Its `batch_size` is checked and left to the workload. Raises `InputError` with all
    faults of the file, each with its line.
    """
    file = read_yaml(Path(path))
    asked = read_table(file, _Design)
    memory = asked.main_memory
    faults = TomlFaults(file)
    if asked.tile.tile_x != asked.tile.tile_y:
        wrong = f"is {asked.tile.tile_y}; write tile_x, {asked.tile.tile_x}."
        faults.add(("tile", "tile_y"), f"{wrong} Tiles are square.")
    kind = "_".join(
        map(str, (memory.type, memory.banks, memory.ranks, memory.channels))
    )
    with faults.at("non_linearity"):
        TileEngine(non_linearity=asked.non_linearity)
    with faults.at("loop_unrolling"):
        TileEngine(loop_order=asked.loop_unrolling)
    with faults.at("main_memory"):
        TileEngine(main_memory=kind)
    faults.tell()
    return TileEngine(
        pes=asked.pe,
        lanes_per_pe=asked.lanes_per_pe,
        multipliers_per_lane=asked.mac_per_lane,
        softmax_units_per_pe=asked.softmax_per_pe,
        tile_batch=asked.tile.tile_b,
        tile_size=asked.tile.tile_x,
        activation_buffer_mib=asked.activation_buffer_size,
        weight_buffer_mib=asked.weight_buffer_size,
        mask_buffer_mib=asked.mask_buffer_size,
        main_memory=kind,
        memory_bandwidth_gb_per_s=_bandwidth(memory.mode),
        issue_batch=asked.scheduler.compute_ops.batch_size,
        non_linearity=asked.non_linearity,
        loop_order=asked.loop_unrolling,
    )


def _bandwidth(mode: str) -> float:
    """Return the bandwidth of main memory in a mode, in GB/s."""
    known = load_parameters("acceltran").si()
    return float(from_si(known[f"main_memory.{_BANDWIDTHS[mode]}"], "GB/s"))
