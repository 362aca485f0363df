"""Reference machines: processors and GPUs that others compare themselves with.

A roofline op by op, and what every op costs before any work is done: interpreter,
dispatch, launch. Small models on large machines spend nearly all of their time there,
which no roofline shows. A product is cut into square pieces of its result, and a core
works on one piece at a time, so that its rate rises with its size. Numbers:
hw_params/reference_machines.toml, or a file of one's own from `dse reference measure`.
What they are worth: `dse validate a100`, `dse validate h800`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Engine, Op, Run
from dse.engines.described import described_fields
from dse.engines.word_length import word_loss
from dse.errors import InputError
from dse.hardware.sram import MIB
from dse.hardware.technology import Technology, load_technology
from dse.records import quantity, record, static
from dse.schedule.stage import Stage
from dse.schedule.traffic import Room, Storage
from dse.schedule.weights import fetched_share
from dse.smooth import ceil_div
from dse.sparsity.loss import Loss
from dse.workload.formats import Words, words_of
from dse.workload.ops import Ops

FILE = "reference_machines"
# Operations on every value of an op without products.
_FLOPS_PER_VALUE = {"softmax": 5.0, "layer_norm": 8.0, "activation": 8.0}
# How often an op without products reads its input: a softmax for its sum, then again.
_READS = {"softmax": 2.0, "layer_norm": 1.0, "activation": 1.0}


class Times(NamedTuple):
    """Seconds that one op takes, by what it waits for."""

    overhead: Number
    arithmetic: Number
    memory: Number


@record
class ReferenceMachine(Engine):
    """A processor or GPU under a framework; it skips nothing. Defaults: an A100.

    Examples:
        >>> found = dse.evaluate(dse.ReferenceMachine.h100(), "bert-base")
        >>> print(f"{found.latency * 1e3:.1f} ms")
        4.9 ms
    """

    presets: ClassVar[tuple[str, ...]] = (
        "raspberry_pi_4",
        "apple_m1",
        "xeon_5220",
        "i9_9900x",
        "rtx_2080_ti",
        "v100",
        "a100",
        "a100_80gb",
        "h100",
        "h800",
        "h200",
        "b200",
        "mi300x",
        "tpu_v5e",
    )
    checked_on: ClassVar[tuple[str, ...]] = ("a100_80gb", "h100", "h200", "h800")
    checked_at: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sequence length": (16.0, 131072.0)  # rows of products, contexts of a step
    }

    peak_tops: float = quantity("TOP/s", "matrix products", default=312.0, low=1e-6)
    efficiency: float = quantity(
        "1", "of the peak, in large products", default=0.91, low=1e-3, high=1.0
    )
    cores: float = quantity(
        "1", "that work on one product", default=108.0, low=1.0, integer=True
    )
    tile: float = quantity(
        "1",
        "side of the piece of a product that a core works on",
        default=128.0,
        low=1.0,
        integer=True,
    )
    memory_bandwidth_gb_per_s: float = quantity(
        "GB/s", "main-memory bandwidth", default=1555.0, low=1e-6
    )
    read_efficiency: float = quantity(
        "1", "of the bandwidth, in products", default=0.93, low=1e-3, high=1.0
    )
    copy_efficiency: float = quantity(
        "1", "of the bandwidth, in all other ops", default=0.74, low=1e-3, high=1.0
    )
    memory_gib: float = quantity("GiB", "main memory", default=40.0, low=1e-6)
    cache_mib: float = quantity("MiB", "last-level cache", default=40.0, low=1e-6)
    word_bits: float = quantity("bit", "of a value", default=16.0, low=1, integer=True)
    narrow_integer_bits: float = quantity(
        "bit",
        "of the shortest integers that are faster in proportion; 64: none are",
        default=64.0,
        low=1,
        integer=True,
    )
    narrow_float_bits: float = quantity(
        "bit",
        "of the shortest floats that are faster in proportion; 64: none are",
        default=64.0,
        low=1,
        integer=True,
    )
    overhead_us: float = quantity("us", "of every op before it works", default=29.7)
    softmax_overhead: float = quantity(
        "1", "of a softmax, in `overhead_us`", default=0.44
    )
    norm_overhead: float = quantity("1", "of a norm, in `overhead_us`", default=1.6)
    activation_overhead: float = quantity(
        "1", "of a non-linearity, in `overhead_us`", default=1.53
    )
    full_power_w: float = quantity("W", "when it works", default=400.0)
    idle_power_w: float = quantity("W", "when it waits", default=60.0)
    die_mm2: float = quantity("mm^2", "area of the die", default=826.0)
    clock_mhz: float = quantity(
        "MHz", "in which time is counted", default=1000.0, low=1.0
    )
    file: str = static("the parameter file that describes it", default=FILE)

    # -- machines ----------------------------------------------------------------------

    @classmethod
    def raspberry_pi_4(cls) -> Self:
        """Raspberry Pi 4, model B: four Cortex-A72 cores."""
        return cls.described("raspberry_pi_4")

    @classmethod
    def apple_m1(cls) -> Self:
        """Apple M1, its GPU of eight cores."""
        return cls.described("apple_m1")

    @classmethod
    def xeon_5220(cls) -> Self:
        """Intel Xeon Gold 5220: 18 cores."""
        return cls.described("xeon_5220")

    @classmethod
    def i9_9900x(cls) -> Self:
        """Intel Core i9-9900X: 10 cores."""
        return cls.described("i9_9900x")

    @classmethod
    def rtx_2080_ti(cls) -> Self:
        """NVIDIA GeForce RTX 2080 Ti."""
        return cls.described("rtx_2080_ti")

    @classmethod
    def v100(cls) -> Self:
        """NVIDIA V100, PCIe, 16 GB."""
        return cls.described("v100")

    @classmethod
    def a100(cls) -> Self:
        """NVIDIA A100, SXM4, 40 GB."""
        return cls.described("a100")

    @classmethod
    def a100_80gb(cls) -> Self:
        """NVIDIA A100, SXM4, 80 GB."""
        return cls.described("a100_80gb")

    @classmethod
    def h100(cls) -> Self:
        """NVIDIA H100, SXM5, 80 GB."""
        return cls.described("h100")

    @classmethod
    def h800(cls) -> Self:
        """NVIDIA H800, SXM5, 80 GB, with the kernels of a serving engine."""
        return cls.described("h800")

    @classmethod
    def h200(cls) -> Self:
        """NVIDIA H200, SXM5, 141 GB; nothing fitted."""
        return cls.described("h200")

    @classmethod
    def b200(cls) -> Self:
        """NVIDIA B200, 192 GB; nothing fitted."""
        return cls.described("b200")

    @classmethod
    def mi300x(cls) -> Self:
        """AMD Instinct MI300X, 192 GB; nothing fitted."""
        return cls.described("mi300x")

    @classmethod
    def tpu_v5e(cls) -> Self:
        """Google TPU v5e, 16 GB; nothing fitted."""
        return cls.described("tpu_v5e")

    @classmethod
    def described(cls, name: str, file: str | Path = FILE) -> Self:
        """Return the machine whose fields stand under a name in a parameter file.

        Raises `InputError` where the file has none of that name.
        """
        fields: dict[str, Any] = {**described_fields(cls, load_technology(file), name)}
        if not fields:
            raise InputError(f"{file} describes no machine `{name}`; name another.")
        return cls(**fields, file=str(file))

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Return a machine that `dse reference measure` wrote. Raises `InputError`."""
        return cls.described("machine", path)

    @property
    def described_in(self) -> tuple[str, ...]:
        """The file that describes the machine, and others."""
        return (self.file,)

    def published_technology(self) -> Technology:
        """Return the file that describes the machine; it has no process to vary."""
        return load_technology(self.file)

    def default_technology(self) -> Technology:
        """Return the same: its memory is part of the product."""
        return self.published_technology()

    # -- the whole machine -------------------------------------------------------------

    @property
    def own_words(self) -> Words:
        """Values of the words that it is fastest in."""
        return words_of(self.word_bits, self.word_bits)

    @property
    def has_floats(self) -> bool:
        """Whether it multiplies numbers whose point floats."""
        return True

    def clock(self, technology: Technology) -> Number:
        """Return the clock in which time is counted, in Hz."""
        return self.clock_mhz * 1e6

    def peak_rate(self, technology: Technology) -> Number:
        """Return the peak of matrix products in operations per second."""
        return self.peak_tops * 1e12

    def peak_rate_at(self, words: Words | None, technology: Technology) -> Number:
        """Return the peak in operations per second by the words of a format."""
        both = self.split(words, by_weights=True), self.split(words, by_weights=False)
        return jnp.maximum(*(each.peak_rate(technology) for each in both))

    def split(self, words: Words | None, *, by_weights: bool) -> Self:
        """Return the machine as its multipliers split for the words of a product.

        Twice as many words of half the bits, down to the shortest that it has units
        for; both operands count, by the longer one, and integers with floats as floats.
        `by_weights` says whether the right operand is of weights, or from a cache.
        """
        if words is None:
            return self
        both = (1, 0 if by_weights else 2)
        longer = max(words.bits[operand] for operand in both)
        floats = any(words.fixed[o] != words.bits[o] for o in both)
        shortest = self.narrow_float_bits if floats else self.narrow_integer_bits
        bits = jnp.minimum(jnp.maximum(longer, shortest), self.word_bits)
        return self.replace(peak_tops=self.peak_tops * self.word_bits / bits)

    def area(self, technology: Technology) -> dict[str, Number]:
        """Return the area of the die in m^2."""
        return {"die": jnp.asarray(self.die_mm2 * 1e-6)}

    def leakage(
        self, technology: Technology, seconds: Number, busy: dict[str, Number]
    ) -> dict[str, Number]:
        """Return the energy in J of being switched on."""
        return {"idle": self.idle_power_w * seconds}

    def losses(self, run: Run, technology: Technology) -> tuple[Loss, ...]:
        """Return what its words lose; NaN, not known, where they are short."""
        return () if run.words else (word_loss(self.word_bits),)

    def memory_capacity(self, technology: Technology) -> Number:
        """Return the bytes of its main memory."""
        return self.memory_gib * 2.0**30

    # -- one op, of every kind ---------------------------------------------------------

    def storage(self, ops: Ops, run: Run, technology: Technology) -> Storage:
        """Return how it keeps values: all in one cache, nothing compressed."""
        weight, activation, cached = self.words(run).kept
        word, of_weight = activation * jnp.ones(len(ops)), weight * jnp.ones(len(ops))
        total = jnp.sum(run.weight_sets * run.weights) * weight
        room = self.cache_mib * MIB * 8.0
        return Storage(
            rooms=(Room(room, word, word, "cache"),),
            weight_room=room,
            weights=jnp.asarray(ops.weights) * of_weight,
            gathered=jnp.asarray(ops.rows) * ops.columns * of_weight,
            operand=word,
            result=word,
            cached=cached,
            fetched=fetched_share(total, room, weights_stay=run.weights_stay),
            weights_stay=run.weights_stay,
        )

    def embedding(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Gather rows of a table."""
        return self._stage(op, self._times(op, 0.0, self.copy_efficiency))

    def linear(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by weights, which come from memory for every run."""
        rows = run.batch * op.rows / op.met  # of each expert
        fast = self.split(run.words, by_weights=True)
        return self._product(op, fast.multiply(op.matrices, rows, op.inner, op.columns))

    transform = linear  # by constants, as by weights

    def matmul(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by activations; the sums are split among cores too."""
        products = run.batch * op.heads
        fast = self.split(run.words, by_weights=False)
        seconds = fast.multiply(products, op.rows, op.inner, op.columns, splits=True)
        return self._product(op, seconds)

    def convolution(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Slide a kernel over columns."""
        macs = run.batch * op.heads * op.rows * op.inner * op.columns
        return self._product(op, 2.0 * macs / self._rate)

    def softmax(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise rows."""
        return self._elementwise(op, run, "softmax", self.softmax_overhead)

    def activation(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Apply the non-linearity."""
        return self._elementwise(op, run, "activation", self.activation_overhead)

    def layer_norm(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise the channels of every token."""
        return self._elementwise(op, run, "layer_norm", self.norm_overhead)

    @property
    def _rate(self) -> Number:
        """Operations per second of all cores in a large product."""
        return self.peak_tops * 1e12 * self.efficiency

    def multiply(
        self,
        products: Number,
        rows: Number,
        inner: Number,
        columns: Number,
        *,
        splits: bool = False,
    ) -> Number:
        """Return the seconds that cores multiply [rows, inner] x [inner, columns].

        The result of each product is cut into pieces of s x s values, s the tile or one
        half of it, whichever is faster; pieces at its edges take as long as others:

            min over s of   ceil(products ceil(r / s) ceil(c / s) / cores)
                            2 s^2 inner / (rate of a core)

        Where it `splits` its sums, as attention over a long cache does, a piece is that
        of s summands alone, and there are ceil(inner / s) times as many.
        """
        return jnp.minimum(
            self._waves(1.0, products, rows, inner, columns, splits),
            self._waves(2.0, products, rows, inner, columns, splits),
        )

    def _waves(
        self,
        cut: Number,
        products: Number,
        rows: Number,
        inner: Number,
        columns: Number,
        splits: bool,
    ) -> Number:
        """Return the seconds in pieces whose side is the tile over a whole number."""

        def count(length: Number) -> Number:
            return ceil_div(cut * length, self.tile)

        side, depth = self.tile / cut, inner
        pieces = products * count(rows) * count(columns)
        if splits:
            pieces, depth = pieces * count(inner), side
        of_core = self._rate / self.cores
        return ceil_div(pieces, self.cores) * 2.0 * side * side * depth / of_core

    def _product(self, op: Op, seconds: Number) -> Stage:
        return self._stage(op, self._times(op, seconds, self.read_efficiency))

    def _elementwise(self, op: Op, run: Run, kind: str, overhead: Number) -> Stage:
        values = run.batch * op.heads * op.rows * op.columns
        taken = self._times(
            op,
            _FLOPS_PER_VALUE[kind] * values / self._rate,
            self.copy_efficiency,
            reads=_READS[kind],
        )
        return self._stage(op, taken._replace(overhead=overhead * taken.overhead))

    def _times(
        self, op: Op, arithmetic: Number, of_bandwidth: Number, *, reads: float = 1.0
    ) -> Times:
        bits = reads * op.traffic.read + op.traffic.written
        return Times(
            overhead=self.overhead_us * 1e-6,
            arithmetic=arithmetic,
            memory=bits / (self.memory_bandwidth_gb_per_s * 8e9 * of_bandwidth),
        )

    def _stage(self, op: Op, taken: Times) -> Stage:
        """Put an op in time: overhead + max(arithmetic, memory), nothing overlaps.

        While it works the machine draws its full power, while it waits the idle one,
        and never less than that.
        """
        hertz = self.clock_mhz * 1e6
        work = jnp.maximum(taken.arithmetic, taken.memory)
        beyond_idle = jnp.maximum(self.full_power_w - self.idle_power_w, 0.0)
        by_arithmetic = jnp.where(taken.arithmetic >= taken.memory, work, 0.0)
        cycles = (taken.overhead + work) * hertz
        none = jnp.zeros_like(cycles)
        return Stage(
            unit="processor",
            load=none,
            compute=cycles,
            occupied=cycles,
            store=none,
            prefetch=none,
            dynamic={
                "arithmetic": beyond_idle * by_arithmetic,
                "main_memory": beyond_idle * (work - by_arithmetic),
            },
            busy={"processor": cycles},
            moved=op.traffic.by_origin,
        )
