"""SPRINT: attention whose scores are pruned inside ReRAM and recomputed on chip.

Keys lie in ReRAM, a column each. A query is compared with all of them at once, on the
most significant bits and against a threshold; only keys that pass are read, unless the
query before has left them on chip, and scored exactly. A co-processor: it runs
attention alone, or beside a host. Source: yazdanbakhsh2022sprint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Self

import jax.numpy as jnp

from dse.arrays import Choice, Number
from dse.engines.base import Engine, Op, Run
from dse.engines.masks import cached_keys
from dse.engines.sprint.energy import FITTED_WORD_BITS, bit_energies, head_energy
from dse.engines.sprint.noise import drop_by_curve, score_noise, wrongly_pruned
from dse.engines.sprint.pairs import pairs
from dse.engines.sprint.time import query_cycles, threshold_cycles
from dse.engines.sprint.traffic import read_bits, written_bits
from dse.engines.word_length import adder_size, multiplier_size, word_loss
from dse.hardware import shared_parts, sram
from dse.hardware.main_memory import KINDS
from dse.hardware.technology import Technology, load_technology
from dse.records import quantity, record
from dse.schedule.stage import Stage
from dse.sparsity.loss import Loss
from dse.workload.formats import Words, words_of

PRUNING = ("none", "on_chip", "in_memory")
REDUCTIONS = ("none", "queries", "both")
YEAR = 365.25 * 24 * 3600.0  # s
PUBLISHED_MULTIPLIERS = 64.0  # of a unit whose area is known


@record
class SprintEngine(Engine):
    """A machine of SPRINT's family; the defaults are M-SPRINT.

    `pruning="none"` computes every score and `"on_chip"` prunes only after that: the
    two machines that SPRINT is compared with.

    Examples:
        >>> bert = dse.transformer("bert-tiny").attention_only()
        >>> pruned = bert.with_attention(kept=0.25)
        >>> dse.evaluate(dse.SprintEngine.m_sprint(), pruned).bottleneck
        'corelets'
    """

    presets: ClassVar[tuple[str, ...]] = (
        "s_sprint",
        "m_sprint",
        "l_sprint",
        "s_baseline",
        "m_baseline",
        "l_baseline",
        "s_pruning",
        "m_pruning",
        "l_pruning",
    )
    checked_on: ClassVar[tuple[str, ...]] = ("s_sprint", "m_sprint", "l_sprint")
    checked_at: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sequence length": (197.0, 4096.0),
        "share of pairs kept": (0.19, 0.37),
    }

    computes_in_memory: ClassVar[bool] = True
    counts: ClassVar[frozenset[str]] = frozenset({"operands written", "operands read"})

    corelets: float = quantity(
        "1", "CORELETs: QK unit, softmax, V unit", default=2.0, low=1, integer=True
    )
    multipliers: float = quantity(
        "1",
        "multipliers of a QK unit, and of a V unit",
        default=64.0,
        low=1,
        integer=True,
    )
    buffer_kib: float = quantity(
        "KiB", "keys and values of all CORELETs", default=32.0, low=1e-6
    )
    memory_bandwidth_gb_per_s: float = quantity(
        "GB/s", "ReRAM bandwidth", default=256.0, low=1e-6
    )
    memory_gib: float = quantity(
        "GiB", "ReRAM that queries, keys and values are written to in turn", default=1.0
    )
    clock_mhz: float = quantity("MHz", "clock", default=1000.0, low=1.0)
    word_bits: float = quantity(
        "bit",
        "of a query, key, value or probability",
        default=8.0,
        low=2,
        integer=True,
    )
    pruning_bits: float = quantity(
        "bit",
        "of query and key compared in memory",
        default=4.0,
        low=1,
        high=8,
        integer=True,
    )
    pruning: Choice = quantity(
        "1", "where scores are pruned", default="in_memory", choices=PRUNING
    )
    sequence_reduction: Choice = quantity(
        "1", "padding left out of", default="both", choices=REDUCTIONS
    )

    # -- machines ----------------------------------------------------------------------

    @classmethod
    def s_sprint(cls) -> Self:
        """S-SPRINT: 1 CORELET, 16 KiB; a key and a value of bandwidth a cycle."""
        return cls(corelets=1, buffer_kib=16, memory_bandwidth_gb_per_s=128)

    @classmethod
    def m_sprint(cls) -> Self:
        """M-SPRINT: 2 CORELETs, 32 KiB."""
        return cls()

    @classmethod
    def l_sprint(cls) -> Self:
        """L-SPRINT: 4 CORELETs, 64 KiB."""
        return cls(corelets=4, buffer_kib=64, memory_bandwidth_gb_per_s=512)

    @classmethod
    def s_baseline(cls) -> Self:
        """S-SPRINT without pruning and sequence reduction."""
        return cls.s_sprint().replace(pruning="none", sequence_reduction="none")

    @classmethod
    def m_baseline(cls) -> Self:
        """M-SPRINT without pruning and sequence reduction."""
        return cls.m_sprint().replace(pruning="none", sequence_reduction="none")

    @classmethod
    def l_baseline(cls) -> Self:
        """L-SPRINT without pruning and sequence reduction."""
        return cls.l_sprint().replace(pruning="none", sequence_reduction="none")

    @classmethod
    def s_pruning(cls) -> Self:
        """S-SPRINT that computes all scores and prunes them on chip."""
        return cls.s_sprint().replace(pruning="on_chip", sequence_reduction="none")

    @classmethod
    def m_pruning(cls) -> Self:
        """M-SPRINT that computes all scores and prunes them on chip."""
        return cls.m_sprint().replace(pruning="on_chip", sequence_reduction="none")

    @classmethod
    def l_pruning(cls) -> Self:
        """L-SPRINT that computes all scores and prunes them on chip."""
        return cls.l_sprint().replace(pruning="on_chip", sequence_reduction="none")

    @property
    def memory_wanted(self) -> tuple[Choice, Number]:
        """Its own ReRAM, a place in `KINDS`, and its bandwidth in B/s."""
        return float(KINDS.index("rram")), self.memory_bandwidth_gb_per_s * 1e9

    def memory_capacity(self, technology: Technology) -> Number:
        """Return the bytes of its ReRAM."""
        return self.memory_gib * 2.0**30

    def published_technology(self) -> Technology:
        """Return the 65 nm technology of SPRINT."""
        return load_technology("sprint")

    # -- the whole machine -------------------------------------------------------------

    @property
    def prunes(self) -> Number:
        """Whether it prunes at all."""
        return jnp.asarray(self.pruning) > 0.5

    @property
    def prunes_in_memory(self) -> Number:
        """Whether it prunes before keys are read."""
        return jnp.asarray(self.pruning) > 1.5

    @property
    def skips_queries(self) -> Number:
        """Whether it leaves out padded queries."""
        return jnp.asarray(self.sequence_reduction) > 0.5

    @property
    def skips_keys(self) -> Number:
        """Whether it leaves out padded and masked keys too."""
        return jnp.asarray(self.sequence_reduction) > 1.5

    @property
    def bits_per_cycle(self) -> Number:
        """Bits that the memory bus carries in a cycle."""
        return self.memory_bandwidth_gb_per_s * 8e9 / (self.clock_mhz * 1e6)

    @property
    def own_words(self) -> Words:
        """Queries, keys and values with a fixed point; it has no weights."""
        return words_of(math.inf, self.word_bits)

    def clock(self, technology: Technology) -> Number:
        """Return the clock in Hz."""
        return self.clock_mhz * 1e6

    def peak_rate(self, technology: Technology) -> Number:
        """Return operations per second: both units' multipliers, 2 a cycle each."""
        return 4.0 * self.multipliers * self.corelets * self.clock_mhz * 1e6

    def area(self, technology: Technology) -> dict[str, Number]:
        """Return the area in m^2 by component; main memory is not on the chip."""
        return {
            "corelets": self.corelets * self._corelet_area(technology),
            "buffers": sram.area(technology, "buffer", self.buffer_kib / 1024.0),
        } | self.interface_area(technology)

    def _corelet_area(self, technology: Technology) -> Number:
        """Return the area in m^2 of a CORELET.

        A share of it grows with its multipliers and their word, its softmax with the
        word; the rest, index buffers and control, stays as published.
        """
        own = technology["corelet.area"]
        fixed = technology["corelet.fixed_area_share"]
        bits = self.word_bits
        if shared_parts.are_shared(technology):
            mac = shared_parts.multiplier(technology, bits, bits).area
            lane = shared_parts.vector_lane(technology, bits).area
            softmax = shared_parts.SOFTMAX_PASSES * lane
            return 2.0 * self.multipliers * mac + softmax + fixed * own
        wide = multiplier_size(bits, bits, FITTED_WORD_BITS)
        multipliers = self.multipliers / PUBLISHED_MULTIPLIERS * wide
        along = adder_size(bits, FITTED_WORD_BITS)
        return own * (fixed * along + (1.0 - fixed) * multipliers)

    def leakage(
        self, technology: Technology, seconds: Number, busy: dict[str, Number]
    ) -> dict[str, Number]:
        """Return leakage in J: nothing is gated, and ReRAM does not leak."""
        buffers = sram.leakage(technology, "buffer", self.buffer_kib / 1024.0)
        corelet = self._corelet_area(technology)
        if shared_parts.are_shared(technology):
            each = shared_parts.logic_leakage(technology, corelet)
        else:
            density = technology["corelet.leakage_power"] / technology["corelet.area"]
            each = density * corelet
        return {
            "corelets": self.corelets * each * seconds,
            "buffers": buffers * seconds,
        } | self.memory_at_rest(technology, seconds)

    def losses(self, run: Run, technology: Technology) -> tuple[Loss, ...] | None:
        """Return what the comparison in memory loses by being noisy.

        Read off the curve that the workload's densities come from; None without one.
        """
        if run.curve is None:
            return None
        lost = wrongly_pruned(run.kept_pairs, score_noise(self, technology))
        drop = drop_by_curve(run.curve, run.kept_pairs, lost)
        if drop is None:
            return None
        noisy = jnp.where(self.prunes_in_memory, drop, 0.0)
        by_noise = Loss(drop=noisy, subject=run.curve.subject)
        return (by_noise,) if run.words else (by_noise, word_loss(self.word_bits))

    def wear(
        self, technology: Technology, seconds: Number, dynamic: dict[str, Number]
    ) -> Number:
        """Return the share of the ReRAM's life that a second of writing takes.

        bits written a second / (endurance * wear levelling * bits of ReRAM)
        """
        written = self._bits("write", technology, dynamic)
        worn = (
            technology["main_memory.endurance"]
            * technology["main_memory.wear_levelling"]
        )
        return written / seconds / (worn * self.memory_gib * 2.0**30 * 8.0)

    def extras(
        self,
        run: Run,
        technology: Technology,
        seconds: Number,
        dynamic: dict[str, Number],
    ) -> dict[str, Number]:
        """Return what crosses the bus for a sequence, and how long cells last."""
        ways = ("read", "write")
        read, written = (self._bits(way, technology, dynamic) for way in ways)
        return {
            "main_memory_read_mbit": read / run.batch / 1e6,
            "main_memory_written_mbit": written / run.batch / 1e6,
            "lifetime_years": 1.0 / self.wear(technology, seconds, dynamic) / YEAR,
        }

    def _bits(
        self, way: str, technology: Technology, dynamic: dict[str, Number]
    ) -> Number:
        """Return the bits read or written; none for a model without attention."""
        spent = dynamic.get(f"main_memory_{way}", jnp.zeros(()))
        return spent / bit_energies(self, technology)[way == "write"]

    # -- one op ------------------------------------------------------------------------

    def attention(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Run scores, softmax and context of all heads of a batch, head after head.

        Reads, and writes of all heads but the first, run beside the CORELETs; the first
        head waits for its own Q, K and V to be written and for one pruning vector.
        """
        pair = pairs(self, op, run)
        read = read_bits(self, op, run, pair)
        written = written_bits(self, op, run, pair)
        heads = run.batch * op.heads
        write = written * technology["main_memory.write_slowdown"] / self.bits_per_cycle
        first = write + threshold_cycles(self, op, technology, pair)
        work = heads * pair.queries * query_cycles(self, op, technology, pair)
        given = read + written
        word = self.words(run).kept.activation_bits
        from_cache = (read - op.inner * word * pair.queries) * cached_keys(op)
        energy = head_energy(
            self, op, run, technology, pair, read=read, written=written
        )
        return Stage(
            unit="corelets",
            load=0.0,
            streamed=heads * (write + read / self.bits_per_cycle),
            compute=first + work,
            occupied=first + work,
            store=0.0,
            prefetch=1.0,
            dynamic={part: heads * joule for part, joule in energy.items()},
            busy={},
            moved={"cache": heads * from_cache, "input": heads * (given - from_cache)},
        )
