"""What ops ask of one machine: time on its ports and units, and energy."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from dse.records import Record, quantity, record, static


@record
class Stage(Record):
    """One op on one machine as scalars; ops of one kind together as `[ops]`.

    Times are cycles of the machine's clock. `dynamic` and `busy` hold one entry for
    each component of the machine: energy spent by working, and cycles x units spent
    working (what leakage of power-gated parts is counted from).
    """

    unit: str = static("name of the compute unit that works; '' where none does")
    load: Any = quantity("cycle", "the main-memory port is busy")
    compute: Any = quantity("cycle", "from the first issue to the last result")
    occupied: Any = quantity("cycle", "until the unit can take the next op")
    store: Any = quantity("cycle", "the store port is busy")
    prefetch: Any = quantity("1", "share of the load that fits beside the op before it")
    dynamic: dict[str, Any]
    busy: dict[str, Any]


class Chain(NamedTuple):
    """Ops that run one after another, `repeats` times, on one machine.

    `groups` holds the stages of each kind of op with their places in the chain;
    `depends` says for each op how many ops back its input was made (0: before the
    chain); `fetches_ahead` whether weights may come before the stores of earlier ops
    are issued.
    """

    groups: tuple[tuple[tuple[int, ...], Stage], ...]
    depends: tuple[int, ...]
    repeats: int
    fetches_ahead: bool

    def column(self, what: str) -> list[Any]:
        """Return one field of the stages, `load` or `unit`, of each op in turn."""
        found: dict[int, Any] = {}
        for places, stages in self.groups:
            column = getattr(stages, what)
            for i, place in enumerate(places):
                found[place] = column if isinstance(column, str) else column[i]
        return [found[place] for place in range(len(self.depends))]


def total(chains: list[Chain], what: str) -> dict[str, Any]:
    """Return a table of the stages (`dynamic` or `busy`) summed over a whole run."""
    totals: dict[str, Any] = {}
    for chain in chains:
        for _, stages in chain.groups:
            for name, column in getattr(stages, what).items():
                add = chain.repeats * jnp.sum(column)
                totals[name] = totals.get(name, 0.0) + add
    return totals


def resource_cycles(chains: list[Chain]) -> dict[str, Any]:
    """Return how long a whole run keeps each port and unit busy, in cycles."""
    totals: dict[str, Any] = {}
    for chain in chains:
        for _, stages in chain.groups:
            busy = {"main_memory_port": stages.load, "store_port": stages.store}
            if stages.unit:
                busy[stages.unit] = stages.occupied
            for name, column in busy.items():
                add = chain.repeats * jnp.sum(column)
                totals[name] = totals.get(name, 0.0) + add
    return totals
