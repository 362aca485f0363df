"""What surrounds the multipliers of a plain machine: to begin an engine of your own.

One buffer, half of it for values and half for weights on their way; one port to main
memory; a vector unit for softmax, layer norm and activations; nothing is skipped.
"""

from __future__ import annotations

from math import inf
from typing import ClassVar

import jax.numpy as jnp

from dse.arrays import Choice, Number
from dse.engines.base import Engine, Op, Run
from dse.engines.vector_unit import vector_lane, vector_work
from dse.engines.word_length import word_loss
from dse.errors import InputError, check_kind
from dse.hardware import sram
from dse.hardware.main_memory import KINDS
from dse.hardware.shared_parts import Part
from dse.hardware.technology import Technology
from dse.records import quantity, record
from dse.schedule.stage import Stage
from dse.schedule.traffic import Room, Storage
from dse.sparsity.loss import Loss
from dse.workload.formats import Words, words_of
from dse.workload.ops import Ops

_LANE_BITS = 20.0  # of the lane that the technology `sta` describes


@record
class PlainEngine(Engine):
    """Base of engines that have a say of their own on products alone.

    One that is finished gives `presets`, `published_technology`, `peak_rate`,
    `array_area` and `array_leakage`, and runs `linear` and `matmul`, which end in
    `self.stage(...)`. Its technology has `vector_unit.*`, as that of `sta` has.
    """

    word_bits: ClassVar[float] = 16.0  # of every value

    def __init_subclass__(cls) -> None:
        """Raise `InputError` for a `word_bits` that is no number of bits."""
        super().__init_subclass__()
        bits, wanted = cls.word_bits, "a number of bits, 1 or more"
        check_kind(f"`{cls.__name__}.word_bits`", bits, (int, float), wanted)
        if not 1 <= bits < inf:
            raise InputError(f"`{cls.__name__}.word_bits` is {bits}; give {wanted}.")

    vector_lanes: float = quantity(
        "1", "lanes of the vector unit", default=64.0, low=1, integer=True
    )
    buffer_mib: float = quantity("MiB", "the buffer of all values", default=4, low=1e-6)
    clock_mhz: float = quantity("MHz", "wanted clock", default=700.0, low=1.0)
    main_memory: Choice = quantity(
        "1", "kind of main memory", default="lpddr5x", choices=KINDS
    )
    memory_bandwidth_gb_per_s: float = quantity(
        "GB/s", "main-memory bandwidth", default=25.6, low=1e-6
    )

    def array_area(self, technology: Technology) -> Number:
        """Return the area in m^2 of what multiplies."""
        raise NotImplementedError

    def array_leakage(self, technology: Technology) -> Number:
        """Return the leakage power in W of what multiplies."""
        raise NotImplementedError

    def stage(
        self,
        op: Op,
        technology: Technology,
        *,
        unit: str = "",
        cycles: Number = 0.0,
        energy: Number = 0.0,
        values: Number = 0.0,
    ) -> Stage:
        """Return an op that loads what it needs, works, and drains what does not fit.

        `cycles`, and `energy` in J, are those of its `unit`, '' where none works;
        `values` counts operands and results in and out of the buffer. What crosses the
        main-memory port (`op.traffic`) passes the buffer as well. Raises `InputError`
        where a technology has not the memories of all engines.
        """
        memory = self.memory(technology)
        if memory is None:
            raise InputError(
                f"technology {technology.name} has no main memories; join them, as in "
                '`dse.load_technology("sta", "memories")`.'
            )
        read, written = op.traffic.read, op.traffic.written
        bus = memory.bandwidth * 8.0 / self.clock(technology)  # bits a cycle
        passed = values * self.word_bits + read + written
        worked = cycles + 0.0 * op.rows
        spent = {"buffer": passed * sram.bit_energy(technology, self.buffer_mib)}
        return Stage(
            unit=unit,
            load=read / bus,
            drained=written / bus,
            compute=worked,
            occupied=worked,
            store=0.0 * worked,
            prefetch=jnp.minimum(1.0, self._half / jnp.maximum(read, 1.0)),
            dynamic=spent
            | ({unit: energy} if unit else {})
            | memory.energy(read, written),
            busy={},
            moved=op.traffic.by_origin,
            wear={"main_memory": written * memory.wear},
        )

    # -- the whole machine -------------------------------------------------------------

    @property
    def _half(self) -> Number:
        """Bits of half of the buffer."""
        return 0.5 * self.buffer_mib * sram.MIB * 8.0

    def _lane(self, technology: Technology) -> Part:
        """A lane of the vector unit, for words of its length."""
        return vector_lane(technology, self.word_bits, _LANE_BITS)

    @property
    def own_words(self) -> Words:
        """Words of one length for all values."""
        return words_of(self.word_bits, self.word_bits)

    @property
    def memory_wanted(self) -> tuple[Choice, Number]:
        """The kind of main memory, a place in `KINDS`, and its bandwidth in B/s."""
        return self.main_memory, self.memory_bandwidth_gb_per_s * 1e9

    def clock(self, technology: Technology) -> Number:
        """Return the clock in Hz: the wanted one."""
        return self.clock_mhz * 1e6

    def area(self, technology: Technology) -> dict[str, Number]:
        """Return the area in m^2 by component."""
        return {
            "array": self.array_area(technology),
            "buffer": sram.area(technology, "buffer", self.buffer_mib),
            "vector_unit": self.vector_lanes * self._lane(technology).area,
        } | self.interface_area(technology)

    def leakage(
        self, technology: Technology, seconds: Number, busy: dict[str, Number]
    ) -> dict[str, Number]:
        """Return leakage in J by component; nothing is gated."""
        buffer = sram.leakage(technology, "buffer", self.buffer_mib)
        return {
            "array": self.array_leakage(technology) * seconds,
            "buffer": buffer * seconds,
            "vector_unit": self.vector_lanes
            * self._lane(technology).leakage_power
            * seconds,
        } | self.memory_at_rest(technology, seconds)

    def losses(self, run: Run, technology: Technology) -> tuple[Loss, ...]:
        """Return what its words lose; NaN, not known, where they are short."""
        return (word_loss(self.word_bits),)

    def storage(self, ops: Ops, run: Run, technology: Technology) -> Storage:
        """Return how it keeps values: weights come anew each run."""
        weight, activation, cached = self.words(run).kept
        word, of_weight = activation * jnp.ones(len(ops)), weight * jnp.ones(len(ops))
        return Storage(
            rooms=(Room(self._half, word, word, "half of the buffer"),),
            weight_room=self._half,
            weights=jnp.asarray(ops.weights) * of_weight,
            gathered=jnp.asarray(ops.rows) * ops.columns * of_weight,
            operand=word,
            result=word,
            cached=cached,
        )

    # -- ops without products ----------------------------------------------------------

    def embedding(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Gather the rows of the embedding table that a batch needs."""
        return self.stage(op, technology)

    def softmax(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise rows on the vector unit."""
        return self._on_vectors(op, run, technology, "softmax")

    def layer_norm(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise the channels of every token on the vector unit."""
        return self._on_vectors(op, run, technology, "layer_norm")

    def activation(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Apply the non-linearity to every value on the vector unit."""
        return self._on_vectors(op, run, technology, "activation")

    def _on_vectors(self, op: Op, run: Run, technology: Technology, kind: str) -> Stage:
        work = vector_work(op, run, lanes=self.vector_lanes, kind=kind)
        return self.stage(
            op,
            technology,
            unit="vector_unit",
            cycles=work.cycles,
            energy=work.busy * self._lane(technology).energy,
            values=2.0 * run.batch * op.heads * op.rows * op.columns,
        )
