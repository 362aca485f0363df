"""The memory side of AccelTran's scheduler: loads and stores, in order, on three ports.

A load takes the ports of the weight and the mask buffer, a store those of the
activation and the mask buffer, each for as long as its own data take; both must be idle
to start.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from dse.evidence.acceltran_simulator.buffers import Buffer, Datum
from dse.evidence.acceltran_simulator.cursor import Cursor
from dse.evidence.acceltran_simulator.ops import (
    Stage,
    StageGroup,
    Transfer,
    TransferGroup,
)

Stalls = list[bool | None]


@dataclass(frozen=True)
class Rates:
    """Bits per cycle: `load` from main memory, `store` from the units to a buffer."""

    load: float
    store: float


class Transfers:
    """The transfers that are next, and the buffers they fill.

    `port_cycles` counts busy cycles by purpose and port, `skipped` names the data
    whose transfer was; `unmarked` says that data arrived since marks were made.
    """

    def __init__(
        self,
        entries: tuple[Transfer | TransferGroup, ...],
        *,
        weight: Buffer,
        activation: Buffer,
        mask: Buffer,
        rates: Rates,
    ) -> None:
        self.weight, self.activation, self.mask = weight, activation, mask
        self.buffers = (activation, weight, mask)
        self.rates = rates
        self.cursor: Cursor[Transfer] = Cursor(entries, step=1, ops_in=lambda _: 1)
        self.next = self._next()
        self.port_cycles: Counter[str] = Counter()
        self.started: Counter[str] = Counter()
        self.skipped: list[str] = []
        self.unmarked = False

    def offer(self, cycle: int, complete: Collection[Stage | StageGroup]) -> Stalls:
        """Offer each stream's transfer to the ports; say which stalled.

        Heads that are behind go first, in the order of the heads where they are level.
        Once some heads have none left, the simulator takes places in the shortened list
        for heads: the last heads are not looked at (None).
        """
        stalls: Stalls = [None] * len(self.next)
        order = list(range(len(self.next)))
        if len(self.next) - self.next.count(None) > 1:
            waiting = [at for at in self.cursor.heads if at is not None]
            order = sorted(range(len(waiting)), key=waiting.__getitem__)
        for head in order:
            transfer = self.next[head]
            if transfer is not None:
                stalls[head] = not self._start(transfer, cycle, complete)
        return stalls

    def _start(
        self, transfer: Transfer, cycle: int, complete: Collection[Stage | StageGroup]
    ) -> bool:
        """Start a transfer if ports, space and the op before it allow."""
        after, mask = transfer.after, self.mask
        buffer = self.weight if after is None else self.activation
        if buffer.arriving is not None or mask.arriving is not None:
            return False
        datum = Datum(transfer.data, transfer.elements, required=transfer.pinned)
        if not (buffer.has_room(datum) and mask.has_room(datum)):
            return False
        if after is not None and after not in complete:
            return False
        way, rate = ("store", self.rates.store) if after else ("load", self.rates.load)
        for place in (buffer, mask):
            busy = place.receive(datum, cycle=cycle, rate=rate)
            purpose = "embedding" if transfer.pinned else way
            self.port_cycles[f"{purpose} {place.name}"] += busy
        self.started[way] += buffer.arriving is not None
        return True

    def settle(self, cycle: int) -> bool:
        """Free every port whose transfer ends by `cycle`; say whether any did."""
        ended = any([buffer.settle(cycle) for buffer in self.buffers])
        self.unmarked |= ended
        return ended

    def mark(self, needed: set[str], released: set[str]) -> bool:
        """Mark which data may not be evicted; say whether any mark changed."""
        self.unmarked = False
        return any([buffer.mark(needed, released) for buffer in self.buffers])

    def move_on(self, stalls: Stalls) -> bool:
        """Move past what did not stall, looked at or not; say whether any moved."""
        for transfer, stall in zip(self.next, stalls, strict=True):
            if transfer is not None and stall is None:
                self.skipped.append(transfer.data)
        moved = self.cursor.update(stalls)
        if moved:
            self.next = self._next()
        return moved

    def shows(self, data: str) -> bool:
        """Say whether a compute op finds these data on chip."""
        return self.activation.shows(data) or self.weight.shows(data)

    @property
    def exhausted(self) -> bool:
        """Say whether no transfer is left to start."""
        return self.cursor.position is None

    @property
    def ends(self) -> list[int]:
        """Return the cycles in which the busy ports will be idle."""
        return [b.free_at for b in self.buffers if b.arriving is not None]

    def waits(self, complete: Collection[Stage | StageGroup]) -> list[str]:
        """Say of each transfer that is next what it waits for."""
        return [
            f"the {'store' if t.after else 'load'} of `{t.data}` waits for "
            + (
                f"the last op of `{t.after.name}`"
                if t.after and t.after not in complete
                else "room in its buffers"
            )
            for t in self.next
            if t is not None
        ]

    def _next(self) -> list[Transfer | None]:
        """Return the transfer that each stream is to start."""
        if self.cursor.position is None:
            return [None]
        entry = self.cursor.entries[self.cursor.index]
        if isinstance(entry, Transfer):
            return [entry]
        heads = zip(entry, self.cursor.heads, strict=True)
        return [None if at is None else head[at] for head, at in heads]
