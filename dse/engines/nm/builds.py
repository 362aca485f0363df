"""The published builds of STA, from the assumed sizes in `hw_params/sta.toml`."""

from __future__ import annotations

from typing import Any

from dse.hardware.technology import Technology

# field of the engine -> size in SI of the unit that the field is in
_SIZES = {
    "tile_rows": 1.0,
    "tile_columns": 1.0,
    "tile_depth": 1.0,
    "kept": 1.0,
    "group": 1.0,
    "clock_mhz": 1e6,
    "memory_bandwidth_gb_per_s": 1e9,
    "softmax_lanes": 1.0,
    "utilization": 1.0,
}


def read_build(name: str, technology: Technology) -> dict[str, Any]:
    """Return the fields of `sta_4` or `sta_8`, numbers or draws as the technology has.

    What the file does not name is alike in both: 16-bit values, scores on chip, and
    multiplexers and positions for the group of the build.
    """
    fields = {
        field: technology[f"{name}.{field}"] / size for field, size in _SIZES.items()
    }
    return fields | {
        "built_kept": fields["group"] / 2.0,
        "built_group": fields["group"],
        "value_format": "int16",
        "vector_lanes": fields["softmax_lanes"],
        "target": "fpga",
    }
