"""AccelTran's machine on BERT-Base in plain NumPy, written apart from `dse`.

What somebody would write who needs this one answer: loops over the ops, arrays over the
designs. It shares the numbers of `hw_params/` with `dse` and no line of its physics, so
it is a check of the model as well as a yardstick of its speed. With `Scalars` in place
of NumPy the same lines run on Python's numbers, one design at a time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

TOKENS, HIDDEN, HEADS, WIDTH, FFN, LAYERS = 128, 768, 12, 64, 3072, 12
ACTIVATIONS, WEIGHTS = 0.5, 0.5  # shares that are not zero
WORD, BITS_OF_A_MIB = 20.0, 2.0**23
STORED, STORED_WEIGHT = ACTIVATIONS * WORD + 1.0, WEIGHTS * WORD + 1.0  # with its mask
UNITS = ("mac_lanes", "softmax", "layer_norm")
PE_BLOCKS = ("layer_norm", "softmax", "dataflow", "dma")
LANE_BLOCKS = ("mac_lanes", "pre_sparsity", "post_sparsity", "fifo")
BUFFERS = ("activation_buffer", "weight_buffer", "mask_buffer")
MEMORIES = (
    *("rram_16_2_2", "rram_8_2_4", "rram_4_2_8", "rram_2_2_16", "rram_32_2_1"),
    *("rram_1_2_32", "dram_16_2_2", "dram_8_2_4", "dram_32_2_1", "dram_16_4_1"),
    "hbm_32_1_4",
)


class Op(NamedTuple):
    """An op of one sequence."""

    kind: str
    columns: int
    inner: int = 0
    heads: int = 1

    @property
    def weights(self) -> int:
        """Values of its weight matrix."""
        return self.inner * self.columns if self.kind == "linear" else 0


PROJECTION, NORM = Op("linear", HIDDEN, HIDDEN), Op("layer_norm", HIDDEN)
START = [Op("embedding", HIDDEN, 30522), NORM]
LAYER = [
    *(PROJECTION, PROJECTION, PROJECTION),
    Op("matmul", TOKENS, WIDTH, HEADS),
    Op("softmax", TOKENS, 0, HEADS),
    Op("matmul", WIDTH, TOKENS, HEADS),
    *(PROJECTION, NORM),
    *(Op("linear", FFN, HIDDEN), Op("activation", FFN), Op("linear", HIDDEN, FFN)),
    NORM,
]
QUERY, KEY, VALUE, SCORES, _, CONTEXT, OUTPUT, NORM_1, UP, GELU, DOWN, NORM_2 = range(
    len(LAYER)
)
# How many ops back the input of an op of the layer was made; 0: before the layer.
DEPENDS = (0, 0, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1)

Arrays = SimpleNamespace(
    maximum=np.maximum,
    minimum=np.minimum,
    ceil=np.ceil,
    floor=np.floor,
    rint=np.rint,
    sqrt=np.sqrt,
    where=np.where,
    take=lambda table, place: np.take(table, np.asarray(place, int)),
)
Scalars = SimpleNamespace(
    maximum=max,
    minimum=min,
    ceil=math.ceil,
    floor=math.floor,
    rint=round,
    sqrt=math.sqrt,
    where=lambda condition, yes, no: yes if condition else no,
    take=lambda table, place: table[int(place)],
)


class Machine:
    """What the ops of a run ask about a design: sizes, speeds, and energies in J."""

    def __init__(
        self, design: Mapping[str, Any], numbers: Mapping[str, float], f: Any
    ) -> None:
        self.d, self.t, self.f = SimpleNamespace(**design), numbers, f
        d = self.d
        lanes, softmax = d.pes * d.lanes_per_pe, d.pes * d.softmax_units_per_pe
        self.count = dict.fromkeys(LANE_BLOCKS, lanes)
        self.count |= dict.fromkeys(PE_BLOCKS, d.pes) | {"softmax": softmax}
        path = self._power_law("critical_path.lane_m{}", (1, 16), self._multipliers)
        slowest = path + numbers["clock.uncertainty"]
        self.clock = f.minimum(numbers["clock.frequency"], 1.0 / slowest)
        self.bus = d.memory_bandwidth_gb_per_s * 8e9 / self.clock
        self.port = numbers["buffer.bandwidth"] * 8.0 / self.clock
        self.bits = {b: getattr(d, f"{b}_mib") * BITS_OF_A_MIB for b in BUFFERS}
        self.access = {  # of one bit
            b: numbers[f"{b}.access_energy"] * f.sqrt(getattr(d, f"{b}_mib")) / 512.0
            for b in BUFFERS
        }
        per_block = [numbers[f"main_memory.access_energy_{name}"] for name in MEMORIES]
        self.access["main_memory"] = f.take(per_block, d.main_memory) / 512.0
        self.working = {  # J a cycle of one unit
            unit: self.with_helpers(unit, "dynamic_power") / numbers["clock.frequency"]
            for unit in UNITS
        }

    @property
    def _multipliers(self) -> Any:
        return self.d.multipliers_per_lane

    def with_helpers(self, unit: str, what: str) -> Any:
        """Return a power of one unit and of what works whenever it does."""
        if unit != "mac_lanes":
            return self.unit(unit, what)
        beside = self.unit("dataflow", what) + self.unit("dma", what)
        of_lane = sum(self.unit(block, what) for block in LANE_BLOCKS)
        return of_lane + beside / self.d.lanes_per_pe

    def unit(self, block: str, what: str) -> Any:
        """Return area or power of one unit, by power laws through the known sizes."""
        if block == "mac_lanes":
            of_kind = [
                self._power_law(f"lane.{what}_m{{}}_{kind}", (1, 16), self._multipliers)
                for kind in ("relu", "gelu")
            ]
            return self.f.where(self.d.non_linearity > 0.5, of_kind[1], of_kind[0])
        if block in ("softmax", "layer_norm"):
            key = f"{block}.{what}_tile_{{}}"
            low = self._power_law(key, (8, 16), self.d.tile_size)
            high = self._power_law(key, (16, 32), self.d.tile_size)
            return self.f.where(self.d.tile_size <= 16, low, high)
        return self.t[f"{block}.{what}"]

    def _power_law(self, key: str, ends: tuple[int, int], size: Any) -> Any:
        first, last = (self.t[key.format(end)] for end in ends)
        return first * (size / ends[0]) ** math.log(last / first, ends[1] / ends[0])
