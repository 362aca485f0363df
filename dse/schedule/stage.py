"""What ops ask of one machine: time on its ports and units, and energy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax.numpy as jnp
from jax import Array

from dse.arrays import Number
from dse.records import Record, quantity, record, static
from dse.traced_once import traced_once


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
    load: Number = quantity("cycle", "the main-memory port is busy with what it reads")
    lead: Number = quantity(
        "1",
        "share of the load that is there before the op starts, and of the op's work "
        "that is left when all is there",
        default=1.0,
    )
    streamed: Number = quantity(
        "cycle", "the main-memory port is busy while the op works", default=0.0
    )
    drained: Number = quantity(
        "cycle", "the main-memory port is busy with what leaves the chip", default=0.0
    )
    compute: Number = quantity("cycle", "from the first issue to the last result")
    occupied: Number = quantity("cycle", "until the unit can take the next op")
    store: Number = quantity("cycle", "the store port is busy")
    prefetch: Number = quantity(
        "1", "share of the load that fits beside the op before it"
    )
    dynamic: Mapping[str, Number]
    busy: Mapping[str, Number]
    moved: Mapping[str, Number]
    wear: Mapping[str, Number] | None = None  # share of cells' life, by component

    @property
    def transfers(self) -> Number:
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
        return any(jnp.ndim(stages.compute) == 2 for stages in self.stages)

    def units(self) -> list[str]:
        """Return the unit on which each op runs, in turn."""
        found = [""] * len(self.depends)
        for places, stages in zip(self.places, self.stages, strict=True):
            for place in places:
                found[place] = stages.unit
        return found

    def column(self, what: str) -> list[Array]:
        """Return one field of the stages, as `load`, of each op in turn."""

        def read(stages: Stage) -> Array:
            return jnp.broadcast_to(getattr(stages, what), jnp.shape(stages.compute))

        return self._in_turn(read)

    def totals(self, read: Callable[[Stage], Number]) -> list[Array]:
        """Return what `read` takes of each op in turn, all repeats together."""
        return self._in_turn(lambda stages: _over_layers(read(stages), self.repeats))

    def _in_turn(self, read: Callable[[Stage], Array]) -> list[Array]:
        found: dict[int, Array] = {}
        for places, stages in zip(self.places, self.stages, strict=True):
            found |= zip(places, jnp.unstack(read(stages), axis=-1), strict=True)
        return [found[place] for place in range(len(self.depends))]


@traced_once("repeats")
def _over_layers(column: Number, repeats: int) -> Array:
    """Return a column of stages summed over all repeats, `[ops]`."""
    column = jnp.asarray(column)
    return column.sum(axis=0) if column.ndim == 2 else repeats * column


@traced_once("repeats")
def _with(before: Number, column: Number, repeats: int) -> Array:
    """Return a total with a column of stages over all repeats."""
    return before + jnp.sum(_over_layers(column, repeats))


def total(chains: list[Chain], what: str) -> dict[str, Number]:
    """Return a table of stages (`dynamic`, `busy`, `moved`, `wear`) over a run."""
    return _summed(chains, lambda stages: getattr(stages, what) or {})


def resource_cycles(chains: list[Chain]) -> dict[str, Number]:
    """Return how long a whole run keeps each port and unit busy, in cycles."""

    def kept_busy(stages: Stage) -> dict[str, Number]:
        ports = {"main_memory_port": stages.transfers, "store_port": stages.store}
        return ports | ({stages.unit: stages.occupied} if stages.unit else {})

    return _summed(chains, kept_busy)


def _summed(
    chains: list[Chain], read: Callable[[Stage], Mapping[str, Number]]
) -> dict[str, Number]:
    """Return the sums over a run of the columns that `read` takes of each stage."""
    totals: dict[str, Number] = {}
    for chain in chains:
        for stages in chain.stages:
            for name, column in read(stages).items():
                totals[name] = _with(totals.get(name, 0.0), column, chain.repeats)
    return totals
