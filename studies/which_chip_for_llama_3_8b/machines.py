"""The machines of this study: three families, each dense and with what it prunes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dse

CHANNEL_GB_PER_S = 17.066  # of LPDDR5X, 16 bits
FIELDS: dict[str, Any] = {"main_memory": "lpddr5x", "clock_mhz": 700.0}
BANDWIDTHS = [CHANNEL_GB_PER_S * n for n in (2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15)]
MIB = (1, 4, 16)  # of each large buffer
LANES = (16, 64, 256)

WORK = dse.generation("llama-3-8b", prompt=2048, new_tokens=256, format="w4a16 kv8")


@dataclass(frozen=True, eq=False)
class Family:
    """A family's machines, and the run as they make it."""

    name: str
    space: dse.Space
    work: dse.Workload = WORK
    prunes: bool = False


def families() -> list[Family]:
    """Return three families, first without losses, then as each may prune."""
    tiles, dense, sparse = _tiles(), _arrays("", 1, 1), _arrays("", 2, 4)
    return [
        Family("tile", tiles),
        Family("N:M", dense),
        Family("filter", _filters(rounds=0)),
        Family("tile, half", tiles, WORK.with_density(activation=0.5), True),
        Family("N:M, 2:4", sparse, prunes=True),
        Family(
            "filter, quarter", _filters(rounds=2), WORK.with_attention(kept=0.25), True
        ),
    ]


def _tiles() -> dse.Space:
    return dse.Space(
        dse.TileEngine.edge().replace(**FIELDS),
        pes=[16, 32, 64, 128, 256],
        lanes_per_pe=[16, 32, 64],
        softmax_units_per_pe=[1, 4],
        activation_buffer_mib=MIB,
        weight_buffer_mib=MIB,
        mask_buffer_mib=dse.tied("weight_buffer_mib / 8"),
        issue_batch=dse.tied("pes / 8"),
        memory_bandwidth_gb_per_s=BANDWIDTHS,
    )


def _array(kept: int, group: int, softmax_lanes: int) -> dse.NMEngine:
    built = {"kept": kept, "group": group, "built_kept": kept, "built_group": group}
    return dse.NMEngine.edge().replace(
        **FIELDS, **built, value_format="int16", softmax_lanes=softmax_lanes
    )


def _axes(start: str) -> dict[str, Any]:
    """Return what may vary of an array, whose fields may be those of a part."""
    return {
        f"{start}tile_rows": [8, 16, 32, 64, 128, 256],
        f"{start}tile_columns": [64, 128, 256],
        f"{start}tile_depth": [4, 8],
        f"{start}results_per_cycle": dse.tied(f"{start}tile_columns"),
        f"{start}vector_lanes": LANES,
        f"{start}weight_buffer_kib": [1024 * mib for mib in MIB],
        f"{start}activation_buffer_kib": [1024 * mib for mib in MIB],
        f"{start}memory_bandwidth_gb_per_s": BANDWIDTHS,
    }


def _arrays(start: str, kept: int, group: int) -> dse.Space:
    axes = _axes(start) | {"softmax_lanes": LANES}
    if kept < group:  # positions of 2 bits for values of 4, of which half are kept
        axes["index_buffer_kib"] = dse.tied("weight_buffer_kib / 4")
    else:
        axes["index_buffer_kib"] = [1e-3]
    return dse.Space(_array(kept, group, 64), **axes)


def _filters(rounds: int) -> dse.Space:
    """Return arrays with a co-processor for attention that filters in rounds."""
    own: dict[str, Any] = {
        "coprocessor.high_bit_multipliers": [512, 2048, 8192],
        "coprocessor.low_bit_multipliers": [4096, 16384] if rounds else [1],
        "coprocessor.selector_lanes": [64, 256] if rounds else [1],
        "coprocessor.exponent_lanes": [16, 64],
        "coprocessor.divider_lanes": dse.tied("coprocessor.exponent_lanes"),
        "coprocessor.memory_bandwidth_gb_per_s": dse.tied(
            "host.memory_bandwidth_gb_per_s"
        ),
        "host.index_buffer_kib": [1e-3],
    }
    machine = dse.FilterEngine.energon_edge().replace(
        **FIELDS, word_bits=16.0, rounds=rounds
    )
    pair = dse.Pair(host=_array(1, 1, 1), coprocessor=machine)
    return dse.Space(pair, **_axes("host."), **own)
