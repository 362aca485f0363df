"""What ops ask of one machine: time on its ports and units, and energy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from dse.records import Record, quantity, record, static


@record
class Stage(Record):
    """One op on one machine as scalars; ops of one kind together as `[ops]`.

    Times are cycles of the machine's clock. `dynamic` and `busy` hold one entry for
    each component of the machine: energy spent by working, and cycles x units spent
    working (what leakage of power-gated parts is counted from). `moved` holds the bits
    that cross the main-memory port by origin, one of `residency.ORIGINS`; `wear`, where
    cells wear, the share of their life that the op takes.
    """

    unit: str = static("name of the compute unit that works; '' where none does")
    load: Any = quantity("cycle", "the main-memory port is busy with what it reads")
    lead: Any = quantity(
        "1",
        "share of the load that is there before the op starts, and of the op's work "
        "that is left when all is there",
        default=1.0,
    )
    streamed: Any = quantity(
        "cycle", "the main-memory port is busy while the op works", default=0.0
    )
    drained: Any = quantity(
        "cycle", "the main-memory port is busy with what leaves the chip", default=0.0
    )
    compute: Any = quantity("cycle", "from the first issue to the last result")
    occupied: Any = quantity("cycle", "until the unit can take the next op")
    store: Any = quantity("cycle", "the store port is busy")
    prefetch: Any = quantity("1", "share of the load that fits beside the op before it")
    dynamic: dict[str, Any]
    busy: dict[str, Any]
    moved: dict[str, Any]
    wear: Any = None  # share of their life that cells lose, by component

    @property
    def transfers(self) -> Any:
        """Cycles that the main-memory port is busy, before, during and after the op."""
        return self.load + self.streamed + self.drained


@record
class Chain(Record):
    """Ops that run one after another, `repeats` times, on one machine.

    `stages` are those of each kind of op: columns `[ops]`, or `[layers, ops]` where the
    repeats differ.
    """

    stages: tuple[Stage, ...]
    places: tuple[tuple[int, ...], ...] = static("places in the chain, of each kind")
    names: tuple[str, ...] = static("names of the ops")
    depends: tuple[int, ...] = static(
        "for each op how many ops back its input was made (0: before the chain)"
    )
    repeats: int = static("times that the ops run", default=1)
    fetches_ahead: bool = static(
        "whether weights may come before the stores of earlier ops are issued",
        default=True,
    )

    @property
    def layers_differ(self) -> bool:
        """Whether each repeat has stages of its own."""
        return any(stages.compute.ndim == 2 for stages in self.stages)

    def over_layers(self, column: Any) -> Any:
        """Return a column of stages summed over all repeats, `[ops]`."""
        if column.ndim == 2:
            return column.sum(axis=0)
        return self.repeats * column

    def units(self) -> list[str]:
        """Return the unit on which each op runs, in turn."""
        return self._in_turn(lambda stages: [stages.unit] * len(self.depends))

    def column(self, what: str) -> list[Any]:
        """Return one field of the stages, as `load`, of each op in turn."""

        def read(stages: Stage) -> Any:
            column = jnp.broadcast_to(getattr(stages, what), stages.compute.shape)
            return jnp.moveaxis(column, -1, 0)

        return self._in_turn(read)

    def totals(self, read: Callable[[Stage], Any]) -> list[Any]:
        """Return what `read` takes of each op in turn, all repeats together."""
        return self._in_turn(lambda stages: self.over_layers(read(stages)))

    def _in_turn(self, read: Callable[[Stage], Any]) -> list[Any]:
        found: dict[int, Any] = {}
        for places, stages in zip(self.places, self.stages, strict=True):
            values = read(stages)
            found |= {place: values[i] for i, place in enumerate(places)}
        return [found[place] for place in range(len(self.depends))]


def total(chains: list[Chain], what: str) -> dict[str, Any]:
    """Return a table of stages (`dynamic`, `busy`, `moved`, `wear`) over a run."""
    totals: dict[str, Any] = {}
    for chain in chains:
        for stages in chain.stages:
            for name, column in (getattr(stages, what) or {}).items():
                add = jnp.sum(chain.over_layers(column))
                totals[name] = totals.get(name, 0.0) + add
    return totals


def resource_cycles(chains: list[Chain]) -> dict[str, Any]:
    """Return how long a whole run keeps each port and unit busy, in cycles."""
    totals: dict[str, Any] = {}
    for chain in chains:
        for stages in chain.stages:
            busy = {"main_memory_port": stages.transfers, "store_port": stages.store}
            if stages.unit:
                busy[stages.unit] = stages.occupied
            for name, column in busy.items():
                add = jnp.sum(chain.over_layers(column))
                totals[name] = totals.get(name, 0.0) + add
    return totals
