"""One node and one main memory for all machines of the league, exact or as draws."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from dse.engines.base import Engine
from dse.engines.pair import Pair
from dse.engines.tile.memory import PUBLISHED_MEMORIES
from dse.explore.draws import draw_technology
from dse.hardware.parameters import load_parameters
from dse.hardware.technology import Technology, join_technologies, load_technology

# The number that says what a bit from main memory costs, for everybody.
MEMORY_FILE, MEMORY_KEY = "sta", "main_memory.energy_ddr4"


def league_technology(
    engine: Engine, node_nm: float, *, draws: int = 0, seed: int = 0
) -> Technology:
    """Return the technology of an engine at a node, with the main memory of all.

    With `draws`, every assumed number is drawn so many times, `[draws]`. A file is
    drawn alike wherever it is used: machines that share parts share their luck.
    """

    def read(file: str) -> Technology:
        if not draws:
            return load_technology(file)
        own = zlib.crc32(file.encode()) + seed
        return draw_technology(load_parameters(file), count=draws, seed=own)

    per_bit = read(MEMORY_FILE)[MEMORY_KEY]
    return _build(engine, node_nm, read, per_bit)


def _build(
    engine: Engine, node_nm: float, read: Callable[[str], Technology], per_bit: Any
) -> Technology:
    if isinstance(engine, Pair):
        return join_technologies(
            host=_build(engine.host, node_nm, read, per_bit),
            coprocessor=_build(engine.coprocessor, node_nm, read, per_bit),
        )
    files = engine.published_technology().files
    values: dict[str, Any] = {}
    for file in files:
        values |= read(file).values
    technology = Technology(name=" + ".join(files), files=files, values=values)
    scaled = technology.at_node(node_nm)
    return scaled.replace(values=_common_memory(scaled.values, per_bit))


def _common_memory(values: dict[str, Any], per_bit: Any) -> dict[str, Any]:
    """Return values in which a bit from DRAM costs everybody the same.

    ReRAM that computes (SPRINT's) cannot be replaced, and stays.
    """
    common = {
        "main_memory.energy": per_bit,
        "main_memory.interface_energy": 0.0 * per_bit,
        "main_memory.energy_ddr4": per_bit,
        "main_memory.energy_hbm2": per_bit,
    }
    if "main_memory.block" in values:
        access = per_bit * values["main_memory.block"] * 8.0
        names = (f"main_memory.access_energy_{name}" for name in PUBLISHED_MEMORIES)
        common |= dict.fromkeys(names, access)
    return values | {key: v for key, v in common.items() if key in values}
