"""The filter engine: attention that drops query-key pairs before it computes them.

A co-processor of Energon's family. The filtering unit scores every pair in a few bits,
round by round, and keeps those above a threshold; the attention unit computes the
survivors at full width. Keys and values come from main memory, as far as they are
needed. It runs attention alone: give it `workload.attention_only()`, or a host
(`dse.Pair`). Source: zhou2023energon; what its paper leaves out is assumed, with a
range, in hw_params/energon.toml.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from dse.arrays import Choice, Number
from dse.engines.base import Engine, Op, Run
from dse.engines.described import described_fields
from dse.engines.filter.memory import (
    buffer_reads,
    cached_share,
    fetched_bits,
    result_bits,
)
from dse.engines.filter.units import (
    BUFFERS,
    access_energy,
    areas,
    leakage_powers,
    work_energies,
)
from dse.engines.filter.work import count_pairs, count_work, pace, rounds_loss
from dse.engines.word_length import word_loss
from dse.hardware.main_memory import KINDS
from dse.hardware.technology import Technology, load_technology
from dse.records import quantity, record, static
from dse.schedule.stage import Stage
from dse.sparsity.loss import Loss
from dse.workload.formats import Words, words_of

_NO_OR_YES = ("no", "yes")


@record
class FilterEngine(Engine):
    """A machine of Energon's family; the defaults are Energon-edge, as assumed.

    Examples:
        >>> bert = dse.transformer("bert-tiny").attention_only()
        >>> pruned = bert.with_attention(kept=0.25)
        >>> dse.evaluate(dse.FilterEngine.energon_edge(), pruned).bottleneck
        'attention_pipeline'
    """

    presets: ClassVar[tuple[str, ...]] = (
        "energon_edge",
        "energon_server",
        "a3",
        "elsa",
        "sanger",
        "dota",
        "spatten",
        "fact",
        "sofa",
    )
    checked_on: ClassVar[tuple[str, ...]] = (
        "energon_edge",
        "a3",
        "elsa",
        "sanger",
        "dota",
        "spatten",
        "fact",
        "sofa",
    )
    checked_at: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sequence length": (384.0, 384.0),
        "share of pairs kept": (0.17, 0.6),
    }

    counts: ClassVar[frozenset[str]] = frozenset({"operands read", "result written"})

    low_bit_multipliers: float = quantity(
        "1",
        "of the filtering unit, query x first-round bits",
        default=2048.0,
        low=1,
        integer=True,
    )
    selector_lanes: float = quantity(
        "1", "scores compared per cycle", default=32.0, low=1, integer=True
    )
    rounds: float = quantity(
        "1", "of filtering, 0: all pairs kept", default=2.0, high=2, integer=True
    )
    query_bits: float = quantity(
        "bit", "of a query that is scored", default=4.0, low=1, integer=True
    )
    first_round_bits: float = quantity(
        "bit", "of a key in the first round", default=2.0, low=1, integer=True
    )
    second_round_bits: float = quantity(
        "bit", "of a key in the second round", default=4.0, low=1, integer=True
    )
    result_reuse: Choice = quantity(
        "1", "the second round adds to the first", default="yes", choices=_NO_OR_YES
    )
    high_bit_multipliers: float = quantity(
        "1", "of the attention unit", default=512.0, low=1, integer=True
    )
    exponent_lanes: float = quantity(
        "1", "exponents per cycle", default=8.0, low=1, integer=True
    )
    divider_lanes: float = quantity(
        "1", "divisions per cycle", default=8.0, low=1, integer=True
    )
    word_bits: float = quantity(
        "bit", "of a value of Q, K and V", default=16.0, low=2, integer=True
    )
    key_buffer_kib: float = quantity("KiB", "key buffer", default=32.0, low=1e-6)
    value_buffer_kib: float = quantity("KiB", "value buffer", default=32.0, low=1e-6)
    query_buffer_kib: float = quantity("KiB", "query buffer", default=8.0, low=1e-6)
    query_block: float = quantity(
        "1", "queries that share a fetch of keys", default=32.0, low=1, integer=True
    )
    on_demand_fetch: Choice = quantity(
        "1", "fetches only what survives", default="yes", choices=_NO_OR_YES
    )
    heads_in_parallel: float = quantity(
        "1", "heads that share the units", default=1.0, low=1, integer=True
    )
    memory_bandwidth_gb_per_s: float = quantity(
        "GB/s", "main-memory bandwidth", default=59.8, low=1e-6
    )
    main_memory: Choice = quantity(
        "1", "kind of main memory", default="hbm2", choices=KINDS
    )
    clock_mhz: float = quantity("MHz", "clock", default=1000.0, low=1.0)
    node_nm: float = static("process node of the published machine", default=45.0)

    # -- machines ----------------------------------------------------------------------

    @classmethod
    def energon_edge(cls) -> Self:
        """Energon as a competitor's table lists it. Source: wang2024sofa, table II."""
        return cls.described(load_technology("energon"), "edge")

    @classmethod
    def energon_server(cls) -> Self:
        """Energon's larger machine, of which next to nothing is known: all assumed."""
        return cls.described(load_technology("energon"), "server")

    @classmethod
    def a3(cls) -> Self:
        """A3, approximate attention, as an engine of this family."""
        return cls._competitor("a3")

    @classmethod
    def elsa(cls) -> Self:
        """ELSA, filtering by signs of random projections, as one of this family."""
        return cls._competitor("elsa")

    @classmethod
    def sanger(cls) -> Self:
        """Sanger, a 4-bit prediction packed and split, as one of this family."""
        return cls._competitor("sanger")

    @classmethod
    def dota(cls) -> Self:
        """DOTA, a learnt low-rank filter, as one of this family."""
        return cls._competitor("dota")

    @classmethod
    def spatten(cls) -> Self:
        """SpAtten at 1/8 of its size, token pruning, as one of this family."""
        return cls._competitor("spatten")

    @classmethod
    def fact(cls) -> Self:
        """FACT, eager prediction by leading ones, as one of this family."""
        return cls._competitor("fact")

    @classmethod
    def sofa(cls) -> Self:
        """SOFA, prediction and attention in tiles across stages, as one of this."""
        return cls._competitor("sofa")

    @classmethod
    def _competitor(cls, name: str) -> Self:
        table = load_technology("attention_filters")
        node = round(float(table[f"{name}.node"]) * 1e9)
        return cls.described(table, name, node_nm=float(node))

    @classmethod
    def described(cls, technology: Technology, name: str, **more: object) -> Self:
        """Return the machine whose fields stand under a name in a parameter file.

        What does not stand there has its default. The values may be draws, as arrays.
        """
        fields: dict[str, Any] = {**described_fields(cls, technology, name), **more}
        return cls(**fields)

    @property
    def described_in(self) -> tuple[str, ...]:
        """Energon's builds, and its competitors."""
        return ("energon", "attention_filters")

    @property
    def memory_wanted(self) -> tuple[Choice, Number]:
        """The kind of main memory, a place in `KINDS`, and its bandwidth in B/s."""
        return self.main_memory, self.memory_bandwidth_gb_per_s * 1e9

    def published_technology(self) -> Technology:
        """Return Energon's 45 nm technology, at the node of the published machine."""
        technology = load_technology("energon")
        if self.node_nm == 45.0:
            return technology
        return technology.at_node(self.node_nm, rule="first_order")

    # -- the whole machine -------------------------------------------------------------

    @property
    def own_words(self) -> Words:
        """Queries, keys and values with a fixed point; it has no weights."""
        return words_of(math.inf, self.word_bits)

    @property
    def fetches_ahead(self) -> bool:
        """Whether weights may come early; the engine has none, a host may."""
        return True

    def clock(self, technology: Technology) -> Number:
        """Return the clock in Hz."""
        return self.clock_mhz * 1e6

    def peak_rate(self, technology: Technology) -> Number:
        """Return dense operations per second of the attention unit: 2 P_A f."""
        return 2.0 * self.high_bit_multipliers * self.clock(technology)

    def area(self, technology: Technology) -> dict[str, Number]:
        """Return the area in m^2 by component; main memory is not on the chip."""
        return areas(self, technology) | self.interface_area(technology)

    def leakage(
        self, technology: Technology, seconds: Number, busy: dict[str, Number]
    ) -> dict[str, Number]:
        """Return leakage in J: nothing is gated, and the memory interface stays on."""
        energy = {
            component: power * seconds
            for component, power in leakage_powers(self, technology).items()
        }
        if self.memory(technology) is not None:
            return energy | self.memory_at_rest(technology, seconds)
        rate = self.memory_bandwidth_gb_per_s * 1e9 * 8.0
        interface = rate * technology["main_memory.interface_energy"] * seconds
        return energy | {"main_memory": interface}

    def losses(self, run: Run, technology: Technology) -> tuple[Loss, ...]:
        """Return what its words lose, and rounds of fewer bits than were measured."""
        words = () if run.words else (word_loss(self.word_bits),)
        if run.curve is None or run.curve.about.policy != "mp_mrf":
            return words
        return (*words, rounds_loss(self, run.curve.subject))

    def memory_power(self, technology: Technology) -> Number:
        """Return the power in W of main memory and its interface, the port saturated.

        bandwidth * (energy of a bit moved + energy of the interface)
        """
        rate = self.memory_bandwidth_gb_per_s * 1e9 * 8.0
        per_bit = (
            technology["main_memory.energy"]
            + technology["main_memory.interface_energy"]
        )
        return rate * per_bit

    # -- the one op that it runs -------------------------------------------------------

    def attention(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Run scores, softmax and context of all heads, filtered.

        Keys stream through load and units: work starts with the first key of the first
        head and ends one key after the last. Nothing is fetched before the op before
        has ended.
        """
        pairs = count_pairs(self, op, run)
        work = count_work(self, pairs)
        heads = run.batch * op.heads
        fetched = fetched_bits(self, op, run, pairs)
        moved = heads * sum(fetched.values())
        keys_and_values = fetched["key_buffer"] + fetched["value_buffer"]
        result = result_bits(self, run, pairs)
        moved_in = keys_and_values + fetched["query_buffer"] - result
        from_cache = cached_share(self, op, run)
        own = pace(self, technology, op, run, work)
        port = self.memory_bandwidth_gb_per_s * 1e9 * 8.0 / self.clock(technology)
        read = buffer_reads(self, op, run, pairs, work)
        dynamic = work_energies(self, technology, work) | {
            buffer: access_energy(
                self, technology, buffer, read[buffer] + fetched[buffer]
            )
            for buffer in BUFFERS
        }
        dynamic = {component: heads * joule for component, joule in dynamic.items()}
        memory = self.memory(technology)
        written = heads * result
        if memory is None:
            dynamic["main_memory"] = moved * technology["main_memory.energy"]
        else:
            dynamic |= memory.energy(moved - written, written)
        return Stage(
            unit="attention_pipeline",
            load=moved / port,
            lead=1.0 / (heads * pairs.keys),
            compute=own.elapsed,
            occupied=own.elapsed,
            store=0.0,
            prefetch=0.0,
            dynamic=dynamic,
            busy={"attention_pipeline": own.occupied},
            moved={
                "cache": from_cache * heads * keys_and_values,
                "input": heads * (moved_in - from_cache * keys_and_values),
                "output": written,
            },
            wear=None if memory is None else {"main_memory": written * memory.wear},
        )
