"""The N:M engine: STA's array, which skips all but N of every M weights.

One array of multipliers runs sparse weights times dense activations, and, at the dense
rate, activations times activations. A multiplexer before every multiplier selects the
activation that a kept weight meets. Source: fang2022sta for the idea; its sizes are not
public, see `hw_params/sta.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dse.arrays import Choice, Number
from dse.engines.base import Engine, Op, Run
from dse.engines.described import described_fields
from dse.engines.nm import memory as nm_memory
from dse.engines.nm import work as nm_work
from dse.engines.nm.accuracy import NMAccuracy, nm_accuracy
from dse.engines.nm.builds import read_build
from dse.engines.nm.codes import CODES
from dse.engines.nm.costs import TARGETS, budget_use, costs, resources
from dse.engines.word_length import word_loss
from dse.hardware.main_memory import KINDS
from dse.hardware.technology import Technology, load_technology
from dse.records import quantity, record, static
from dse.schedule.stage import Stage
from dse.schedule.traffic import Storage
from dse.sparsity.loss import Loss
from dse.workload.formats import Words, words_of
from dse.workload.ops import Ops

FORMATS = ("int8", "int16", "fp16")


@record
class NMEngine(Engine):
    """A machine of STA's family; the defaults are a small 2:4 array in 14 nm.

    A setting beyond what was built (`kept` over `built_kept`, `group` over
    `built_group`) runs dense, which is always possible.

    Examples:
        >>> edge = dse.NMEngine.edge()
        >>> two = dse.evaluate(edge, "bert-tiny").latency
        >>> four = dse.evaluate(edge.replace(kept=4), "bert-tiny").latency
        >>> print(f"{four / two:.1f} times as long as 2:4")
        1.3 times as long as 2:4
    """

    presets: ClassVar[tuple[str, ...]] = (
        "edge",
        "sta_4",
        "sta_8",
        "sparse_tensor_core",
        "rtx_3090",
    )
    checked_on: ClassVar[tuple[str, ...]] = ("rtx_3090", "sta_4", "sta_8")
    checked_at: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sequence length": (128.0, 4096.0)
    }

    tile_rows: float = quantity(
        "1",
        "rows of a tile, Tn; of a systolic array",
        default=16.0,
        low=1,
        integer=True,
    )
    tile_columns: float = quantity(
        "1",
        "columns of a tile, Tc; of a systolic array",
        default=16.0,
        low=1,
        integer=True,
    )
    tile_depth: float = quantity(
        "1",
        "products summed at once, Tk; multipliers per element",
        default=4.0,
        low=1,
        integer=True,
    )
    kept: float = quantity(
        "1", "weights kept of a group, N", default=2.0, low=1, integer=True
    )
    group: float = quantity(
        "1", "consecutive weights in a group, M", default=4.0, low=1, integer=True
    )
    built_kept: float = quantity(
        "1", "largest N that positions are held for", default=4.0, low=1, integer=True
    )
    built_group: float = quantity(
        "1",
        "largest M that multiplexers span; 1 without any",
        default=8.0,
        low=1,
        integer=True,
    )
    dense_utilization: float = quantity(
        "1",
        "share of the multipliers that dense products use",
        default=1.0,
        low=1e-6,
        high=1.0,
    )
    utilization: float = quantity(
        "1", "share of cycles that operands are there", default=1.0, low=1e-6, high=1.0
    )
    value_format: Choice = quantity("1", "of a value", default="int8", choices=FORMATS)
    position_code: Choice = quantity(
        "1", "how positions are stored", default="best", choices=CODES
    )
    strip_rows: float = quantity(
        "1", "rows of a V:N:M tile, V", default=64.0, low=1, integer=True
    )
    softmax_lanes: float = quantity(
        "1", "lanes behind the scores", default=16.0, low=1, integer=True
    )
    vector_lanes: float = quantity(
        "1", "lanes for layer norm and activation", default=16.0, low=1, integer=True
    )
    scores_on_chip: Choice = quantity(
        "1", "whether scores stay on chip", default="yes", choices=("no", "yes")
    )
    weight_buffer_kib: float = quantity("KiB", "both halves", default=512.0, low=1e-6)
    index_buffer_kib: float = quantity(
        "KiB", "positions, both halves", default=128.0, low=1e-6
    )
    activation_buffer_kib: float = quantity(
        "KiB", "both halves", default=1024.0, low=1e-6
    )
    output_buffer_kib: float = quantity("KiB", "both halves", default=16.0, low=1e-6)
    results_per_cycle: float = quantity(
        "1",
        "results that leave the array in a cycle",
        default=16.0,
        low=1,
        integer=True,
    )
    operand_bits_per_cycle: float = quantity(
        "bit/cycle",
        "that buffers hand to the array; as it stands, as many as it asks for",
        default=1e9,
        low=1.0,
    )
    pipeline_stages: float = quantity(
        "cycle",
        "from the first operands to the first result",
        default=8.0,
        integer=True,
    )
    clock_mhz: float = quantity("MHz", "wanted clock", default=700.0, low=1.0)
    main_memory: Choice = quantity(
        "1", "kind of main memory", default="ddr4", choices=KINDS
    )
    memory_bandwidth_gb_per_s: float = quantity(
        "GB/s", "main-memory bandwidth", default=25.6, low=1e-6
    )
    target: Choice = quantity(
        "1", "what it is built as", default="asic", choices=TARGETS
    )
    products_per_dsp: float = quantity(
        "1", "multipliers packed in a DSP block", default=1.0, low=0.1
    )
    dsp_budget: float = quantity(
        "1", "DSP blocks of the FPGA", default=2520.0, low=1, integer=True
    )
    lut_budget: float = quantity(
        "1", "look-up tables", default=274080.0, low=1, integer=True
    )
    bram_budget: float = quantity(
        "1", "memory blocks of 36 Kibit", default=912.0, low=1, integer=True
    )
    uram_budget: float = quantity(
        "1", "memory blocks of 288 Kibit", default=0.0, integer=True
    )
    dataflow: str = static("one of `nm_timing.DATAFLOWS`", default="tile")
    accuracy: NMAccuracy | None = static(
        "what a setting costs in accuracy, if known",
        default=nm_accuracy("bert-tiny/wordnet/sr_ste"),
    )

    # -- machines ----------------------------------------------------------------------

    @classmethod
    def edge(cls) -> Self:
        """A small 2:4 array of our own, with the clock and memory of AccelTran-Edge."""
        return cls()

    @classmethod
    def sta_4(cls) -> Self:
        """STA-4 on an FPGA, groups of four; sizes assumed. Source: fang2022sta."""
        return cls(**read_build("sta_4", load_technology("sta")))

    @classmethod
    def sta_8(cls) -> Self:
        """STA-8 on an FPGA, groups of eight; sizes assumed. Source: fang2022sta."""
        return cls(**read_build("sta_8", load_technology("sta")))

    @classmethod
    def sparse_tensor_core(cls) -> Self:
        """The tensor cores of an A100 at 2:4, FP16, with its L2 as buffers.

        432 cores of 256 multipliers at 1410 MHz are 312 dense TFLOP/s. Tiling is ours.
        At 7 nm: `technology=load_technology("sta").at_node(7)`. Source: nvidia2020a100.
        """
        return cls(
            tile_rows=128,
            tile_columns=108,
            tile_depth=8,
            kept=2,
            group=4,
            built_kept=2,
            built_group=4,
            value_format="fp16",
            position_code="index",
            softmax_lanes=6912,
            vector_lanes=6912,
            scores_on_chip="no",
            weight_buffer_kib=8 * 1024,
            index_buffer_kib=1024,
            activation_buffer_kib=31 * 1024,
            output_buffer_kib=1024,
            results_per_cycle=3456,
            clock_mhz=1410,
            main_memory="hbm2",
            memory_bandwidth_gb_per_s=1555,
        )

    @classmethod
    def rtx_3090(cls) -> Self:
        """The tensor cores of a GeForce RTX 3090 at 2:4, FP16, with its L2 as buffers.

        328 cores of 64 multipliers that sum in FP32, as the squarest array of them.
        What they wait for is operands: buffers hand over a number of bits a cycle that
        is fitted. Numbers: `rtx_3090` of `hw_params/sta.toml`; `dse validate rtx3090`.
        """
        return cls.sparse_tensor_core().replace(
            tile_rows=164,
            tile_columns=128,
            tile_depth=1,
            weight_buffer_kib=1024,
            index_buffer_kib=128,
            activation_buffer_kib=4736,
            output_buffer_kib=256,
            results_per_cycle=656,
            softmax_lanes=10496,
            vector_lanes=10496,
            **described_fields(cls, load_technology("sta"), "rtx_3090"),
        )

    @property
    def described_in(self) -> tuple[str, ...]:
        """The builds of STA."""
        return ("sta",)

    @property
    def memory_wanted(self) -> tuple[Choice, Number]:
        """The kind of main memory, a place in `KINDS`, and its bandwidth in B/s."""
        return self.main_memory, self.memory_bandwidth_gb_per_s * 1e9

    def published_technology(self) -> Technology:
        """Return the 14 nm parts and the 16 nm fabric of `hw_params/sta.toml`."""
        return load_technology("sta")

    # -- the whole machine -----------------------------------------------------------

    @property
    def multipliers(self) -> Number:
        """Multipliers of the array, Tn Tc Tk."""
        return self.tile_rows * self.tile_columns * self.tile_depth

    @property
    def value_bits(self) -> Number:
        """Bits of one value."""
        return jnp.where(jnp.asarray(self.value_format) < 0.5, 8.0, 16.0)

    @property
    def own_words(self) -> Words:
        """Values of its format."""
        return words_of(self.value_bits, self.value_bits)

    @property
    def has_floats(self) -> bool | Array:
        """Whether its format is one of floats."""
        return jnp.asarray(self.value_format) > 1.5

    @property
    def pair(self) -> tuple[Number, Number]:
        """The (N, M) that weights run at: as set, or (1, 1) where not built for it."""
        built = (self.kept <= self.built_kept) & (self.group <= self.built_group)
        is_sparse = jnp.asarray(built & (self.kept < self.group))
        return jnp.where(is_sparse, self.kept, 1.0), jnp.where(
            is_sparse, self.group, 1.0
        )

    @property
    def is_surely_dense(self) -> bool:
        """Whether weights run dense, as far as that is settled: not under JAX."""
        fields = (self.kept, self.built_kept, self.group, self.built_group)
        if any(isinstance(field, jax.core.Tracer) for field in fields):
            return False
        kept, built_kept, group, built_group = map(np.asarray, fields)
        sparse = (kept < group) & (kept <= built_kept) & (group <= built_group)
        return not sparse.any()

    def kib(self, buffer: str) -> Number:
        """Return the size of `weight_buffer` and the like in KiB."""
        size: Number = getattr(self, f"{buffer}_kib")
        return size

    def bits(self, buffer: str) -> Number:
        """Return the size of a buffer in bits."""
        return self.kib(buffer) * 8192.0

    def clock(self, technology: Technology) -> Number:
        """Return the clock in Hz; on an FPGA no more than its fabric allows."""
        wanted = self.clock_mhz * 1e6
        on_fpga = jnp.minimum(wanted, technology["fpga.clock_limit"])
        return jnp.where(jnp.asarray(self.target) > 0.5, on_fpga, wanted)

    def peak_rate(self, technology: Technology) -> Number:
        """Return dense-equivalent operations per second: 2 M/N multipliers clock."""
        kept, group = self.pair
        return 2.0 * self.multipliers * group / kept * self.clock(technology)

    def area(self, technology: Technology) -> dict[str, Number]:
        """Return the area in m^2 by component; that of its fabric on an FPGA."""
        return costs(self, technology).area | self.interface_area(technology)

    budget_use = budget_use

    def extras(
        self,
        run: Run,
        technology: Technology,
        seconds: Number,
        dynamic: dict[str, Number],
    ) -> dict[str, Number]:
        """Return the FPGA resources that the design would take, ASIC or not."""
        needed = resources(self, technology)
        return {
            "fpga_dsp_blocks": needed["dsp"] * 1.0,
            "fpga_lookup_tables": needed["lut"] * 1.0,
            "fpga_memory_kib": needed["kib"] * 1.0,
        }

    def leakage(
        self, technology: Technology, seconds: Number, busy: dict[str, Number]
    ) -> dict[str, Number]:
        """Return leakage in J; nothing is gated, nor is the clock of an FPGA."""
        leaks = costs(self, technology).leakage
        spent = {part: watts * seconds for part, watts in leaks.items()}
        return spent | self.memory_at_rest(technology, seconds)

    def losses(self, run: Run, technology: Technology) -> tuple[Loss, ...] | None:
        """Return what the N:M setting costs by its table; None without a table."""
        words = () if run.words else (word_loss(self.value_bits),)
        if self.is_surely_dense:
            return words
        if self.accuracy is None:
            return None
        return (*words, self.accuracy.loss(*self.pair))

    def storage(self, ops: Ops, run: Run, technology: Technology) -> Storage:
        """Return how it keeps values: weights compressed, activations whole."""
        return nm_memory.storage(self, ops, run)

    # -- one op, of every kind that the machine runs ---------------------------------

    embedding = nm_work.embedding
    attention = nm_work.attention

    def linear(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by N:M weights that come compressed from main memory."""
        return nm_work.weighted(self, op, run, technology, self.pair)

    def transform(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by constants, of which nothing is skipped."""
        return nm_work.weighted(self, op, run, technology, (1.0, 1.0))

    def convolution(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Slide a kernel of `inner` taps: a product of which nothing is skipped."""
        return nm_work.weighted(self, op, run, technology, (1.0, 1.0))

    def layer_norm(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise the channels of every token on the vector unit."""
        return nm_work.elementwise(self, op, run, technology, "layer_norm")

    def activation(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Apply the non-linearity to every value on the vector unit."""
        return nm_work.elementwise(self, op, run, technology, "activation")
