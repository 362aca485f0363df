"""A pair: attention on a co-processor, everything else on a host."""

from __future__ import annotations

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Engine, Op, Run, stage_of
from dse.errors import InputError, check_kind
from dse.hardware.main_memory import MainMemory, is_described
from dse.hardware.technology import Technology, join_technologies
from dse.records import record
from dse.schedule.stage import Stage
from dse.schedule.traffic import ORIGINS, Storage
from dse.sparsity.loss import Loss
from dse.workload.formats import Words
from dse.workload.ops import Ops


@record
class Pair(Engine):
    """Two machines on one workload: `Pair(host=TileEngine.edge(), coprocessor=...)`.

    Ops follow each other as on one machine, and a machine leaks while the other works.
    Each has a clock and a technology of its own (`technology.part("host")`); transfers
    to and from main memory queue on one port. Components and units carry the name of
    their machine, as `host.mac_lanes`, and so do fields: `pair.replace(**{"host.pes":
    64})`. Raises `InputError` for an op that the host cannot run.

    Examples:
        >>> sprint = dse.SprintEngine.m_sprint()
        >>> pair = dse.Pair(host=dse.TileEngine.edge(), coprocessor=sprint)
        >>> dse.evaluate(pair, "bert-tiny").bottleneck
        'main_memory_port'
    """

    host: Engine
    coprocessor: Engine

    def __post_init__(self) -> None:
        for name in ("host", "coprocessor"):
            wanted = "a machine, as `dse.TileEngine.edge()`"
            check_kind(f"`{name}` of a pair", getattr(self, name), Engine, wanted)

    @property
    def fetches_ahead(self) -> bool:
        """Whether weights may come before results of earlier ops are stored."""
        return self.host.fetches_ahead

    @property
    def own_words(self) -> Words:
        """Those of the host."""
        return self.host.own_words

    def misfit(self, words: Words) -> str:
        """Say which words of a format one of them cannot compute; '' where both can."""
        return self.host.misfit(words) or self.coprocessor.misfit(words)

    def machines(self, technology: Technology) -> dict[str, tuple[Engine, Technology]]:
        """Return both machines by name, each with its own technology.

        Raises `InputError` for a co-processor that cannot run attention as one op.
        """
        if not hasattr(self.coprocessor, "attention"):
            raise InputError(
                f"`{type(self.coprocessor).__name__}` is no attention co-processor; "
                "give it as `host`, or evaluate it alone."
            )
        return {
            "host": (self.host, technology.part("host")),
            "coprocessor": (self.coprocessor, technology.part("coprocessor")),
        }

    def published_technology(self) -> Technology:
        """Return the technologies of both machines as they were published."""
        return join_technologies(
            host=self.host.published_technology(),
            coprocessor=self.coprocessor.published_technology(),
        )

    def default_technology(self) -> Technology:
        """Return the technologies of both machines, each behind its name."""
        return join_technologies(
            host=self.host.default_technology(),
            coprocessor=self.coprocessor.default_technology(),
        )

    def clock(self, technology: Technology) -> Number:
        """Return the clock of the host in Hz; cycles of the other are converted."""
        return self.host.clock(technology.part("host"))

    def area(self, technology: Technology) -> dict[str, Number]:
        """Return the area in m^2 of the components of both machines."""
        parts = {
            f"{name}.{part}": area
            for name, (machine, own) in self.machines(technology).items()
            for part, area in machine.area(own).items()
        }
        return _without_interfaces(parts) | self._interfaces(technology, "area")

    def memory_capacity(self, technology: Technology) -> Number | None:
        """Return the bytes of the memory that serves both, or of those beside it."""
        machines = self.machines(technology).values()
        sizes = [machine.memory_capacity(own) for machine, own in machines]
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes):
            return None
        return (
            sum(known) if self.coprocessor.computes_in_memory else jnp.maximum(*known)
        )

    def interface_edge(self, technology: Technology) -> Number | None:
        """Return what PHYs take of the edge of the chip, in m; None: not known."""
        edges = self._interfaces(technology, "edge")
        return sum(edges.values()) if edges else None

    def _interfaces(self, technology: Technology, what: str) -> dict[str, Number]:
        """Return the area or edge of the interfaces of the pair, at the host's node.

        One memory serves both machines, by the wider of their interfaces; a machine
        that computes in its memory keeps its own beside it.
        """
        host = technology.part("host")
        if not is_described(host):
            return {}
        found = {
            f"{name}.memory_interface": getattr(
                MainMemory(host, *machine.memory_wanted), what
            )
            for name, (machine, _) in self.machines(technology).items()
            if machine.memory_wanted is not None
        }
        return self._with_one_memory(found, "memory_interface")

    def _with_one_memory(
        self, table: dict[str, Number], *parts: str
    ) -> dict[str, Number]:
        """Return a table of components in which one memory serves both machines.

        Of some parts of it, `main_memory` or its interface, the larger one is there.
        """
        found = dict(table)
        for part in parts:
            both = [f"{name}.{part}" for name in ("host", "coprocessor")]
            if not self.coprocessor.computes_in_memory and found.keys() >= {*both}:
                found[part] = jnp.maximum(*(found.pop(name) for name in both))
        return found

    def leakage(
        self, technology: Technology, seconds: Number, busy: dict[str, Number]
    ) -> dict[str, Number]:
        """Return the leakage in J of the components of both machines."""
        energy: dict[str, Number] = {}
        for name, (machine, own) in self.machines(technology).items():
            parts = machine.leakage(own, seconds, own_parts(busy, name))
            energy |= {f"{name}.{part}": joule for part, joule in parts.items()}
        return self._with_one_memory(energy, "main_memory", "memory_interface")

    def peak_rate(self, technology: Technology) -> Number:
        """Return operations per second of both machines together."""
        machines = self.machines(technology).values()
        return sum(machine.peak_rate(own) for machine, own in machines)

    def peak_rate_at(self, words: Words | None, technology: Technology) -> Number:
        """Return operations per second of both machines, by the words of a format."""
        machines = self.machines(technology).values()
        return sum(machine.peak_rate_at(words, own) for machine, own in machines)

    def storage(self, ops: Ops, run: Run, technology: Technology) -> Storage | None:
        """Return how the host keeps values; those of attention change hands off chip.

        The host writes queries, keys and values to main memory, the co-processor reads
        them there, and the context comes back the same way.
        """
        kept = self.host.storage(ops, run, technology.part("host"))
        cached = self.coprocessor.words(run).kept.cache_bits
        return kept and kept._replace(hands_over=self.coprocessor.counts, cached=cached)

    def budget_use(self, technology: Technology) -> Number | None:
        """Return the largest share that a machine takes of what it is built from."""
        machines = self.machines(technology).values()
        shares = [machine.budget_use(own) for machine, own in machines]
        known = [share for share in shares if share is not None]
        return jnp.max(jnp.stack(known)) if known else None

    def highest_clock(self, technology: Technology) -> Number:
        """Return the highest clock of the host at which both machines work, in Hz."""
        host = self.clock(technology)
        pairs = self.machines(technology).values()
        use = [m.clock(own) / m.highest_clock(own) for m, own in pairs]
        return host / jnp.maximum(*use)

    def wear(
        self, technology: Technology, seconds: Number, dynamic: dict[str, Number]
    ) -> Number | None:
        """Return the wear of whichever cells go first."""
        machines = self.machines(technology).items()
        found = [
            machine.wear(own, seconds, own_parts(dynamic, name))
            for name, (machine, own) in machines
        ]
        known = [wear for wear in found if wear is not None]
        return jnp.max(jnp.stack(known)) if known else None

    def losses(self, run: Run, technology: Technology) -> tuple[Loss, ...] | None:
        """Return the accuracy that both machines cost; None where one is not known."""
        machines = self.machines(technology).values()
        known = [machine.losses(run, own) for machine, own in machines]
        if any(losses is None for losses in known):
            return None
        return tuple(loss for losses in known for loss in losses or ())

    def extras(
        self,
        run: Run,
        technology: Technology,
        seconds: Number,
        dynamic: dict[str, Number],
    ) -> dict[str, Number]:
        """Return what only machines of each kind have."""
        found: dict[str, Number] = {}
        for name, (machine, own) in self.machines(technology).items():
            more = machine.extras(run, own, seconds, own_parts(dynamic, name))
            found |= {f"{name}.{extra}": value for extra, value in more.items()}
        return found

    def attention(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Run scores, softmax and context of a layer on the co-processor.

        What it is given and answers was made, and is wanted, by the host.
        """
        stage = self._on("coprocessor", "attention", op, run, technology)
        none = jnp.zeros_like(stage.load)
        cache = stage.moved.get("cache", none)
        handed = sum(stage.moved.values(), none) - cache
        moved = {"cache": cache, "spilled": handed}
        return stage.replace(moved=dict.fromkeys(ORIGINS, none) | moved)

    def embedding(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Gather rows of a table on the host."""
        return self._on("host", "embedding", op, run, technology)

    def linear(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by weights on the host."""
        return self._on("host", "linear", op, run, technology)

    def transform(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by constants on the host."""
        return self._on("host", "transform", op, run, technology)

    def matmul(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Multiply activations by activations, outside attention, on the host."""
        return self._on("host", "matmul", op, run, technology)

    def convolution(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Slide a kernel over tokens on the host."""
        return self._on("host", "convolution", op, run, technology)

    def softmax(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise rows outside attention on the host."""
        return self._on("host", "softmax", op, run, technology)

    def activation(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Apply the non-linearity on the host."""
        return self._on("host", "activation", op, run, technology)

    def layer_norm(self, op: Op, run: Run, technology: Technology) -> Stage:
        """Normalise the channels of every token on the host."""
        return self._on("host", "layer_norm", op, run, technology)

    def _on(
        self, name: str, kind: str, op: Op, run: Run, technology: Technology
    ) -> Stage:
        """Return a stage of one machine, in cycles of the host's clock."""
        machine, own = self.machines(technology)[name]
        stage = stage_of(machine, kind, op, run, own)
        ratio = self.clock(technology) / machine.clock(own)
        return stage.replace(
            unit=f"{name}.{stage.unit}" if stage.unit else "",
            load=stage.load * ratio,
            streamed=stage.streamed * ratio,
            drained=stage.drained * ratio,
            compute=stage.compute * ratio,
            occupied=stage.occupied * ratio,
            store=stage.store * ratio,
            dynamic={f"{name}.{part}": j for part, j in stage.dynamic.items()},
            busy={f"{name}.{part}": c * ratio for part, c in stage.busy.items()},
            wear=stage.wear and {f"{name}.{p}": w for p, w in stage.wear.items()},
        )


def _without_interfaces(table: dict[str, Number]) -> dict[str, Number]:
    """Return a table of components without the interfaces to main memory."""
    return {n: v for n, v in table.items() if not n.endswith(".memory_interface")}


def own_parts(table: dict[str, Number], name: str) -> dict[str, Number]:
    """Return what stands in a table of components for one machine of the pair."""
    start = f"{name}."
    mine = {part: value for part, value in table.items() if part.startswith(start)}
    return {part.removeprefix(start): value for part, value in mine.items()}
