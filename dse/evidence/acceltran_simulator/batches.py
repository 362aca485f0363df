"""The compute side of AccelTran's scheduler: batches of tile ops, in order.

A head issues an issue batch of S ops at a time. Outside the heads a batch holds S + 1
ops (one where S is 1) while the pointer moves on by S: one op in each is issued twice.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from dse.evidence.acceltran_simulator.cursor import Cursor
from dse.evidence.acceltran_simulator.ops import Stage, StageGroup
from dse.evidence.acceltran_simulator.streams import Batch, Stream
from dse.evidence.acceltran_simulator.units import POOLS, Units


@dataclass(frozen=True)
class TileTimes:
    """How long one tile op keeps its unit busy; zeros among activations are skipped."""

    tile_b: int
    tile_xy: int
    multipliers: int
    density: float

    def cycles(self, batch: Batch) -> float:
        """Return the cycles of each op of a batch (infinity if it never ends).

        A convolution whose kernel is wider than the tile has a negative count, which
        the simulator counts further down, for ever.
        """
        if batch.kind == "nonlin":
            return 1
        if batch.kind == "softmax":
            work: float = self.tile_xy * self.tile_xy
        elif batch.kind == "ln":
            work = self.tile_b * (self.tile_xy + self.tile_xy)
        else:
            work = batch.multiplications / self.multipliers
        cycles = math.ceil(work * self.density)
        return cycles if cycles >= 0 else math.inf


class Batches:
    """The batches that are next, the units they run on, and the ops that are done.

    `complete` holds the stages whose last op is done; `unmarked` says that another
    stage came to the head of an issue list, or was begun to be done, since marks were
    made.
    """

    def __init__(
        self,
        entries: tuple[Stage | StageGroup, ...],
        *,
        issue_batch: int,
        units: Units,
        times: TileTimes,
    ) -> None:
        self.units, self.times = units, times
        self.cursor: Cursor[Stage] = Cursor(
            entries, step=issue_batch, ops_in=lambda stage: stage.tiles
        )
        self.outer = Stream(entries)
        self.groups = {
            index: [Stream(head) for head in entry]
            for index, entry in enumerate(entries)
            if isinstance(entry, tuple)
        }
        self.next = self._next()
        self.complete: set[Stage | StageGroup] = set()
        self.issued: Counter[str] = Counter()
        self.unmarked = True
        self._released_from = 0

    @property
    def finished(self) -> bool:
        """Say whether the last op of all is done."""
        return self.outer.entries[-1] in self.complete

    def offer(self, cycle: int, shows: Callable[[str], bool]) -> list[bool | None]:
        """Offer each stream's batch to the units; say which stalled (the rest: None).

        A unit is occupied for one cycle more than its op takes.
        """
        stalls: list[bool | None] = [None] * len(self.next)
        for head, batch in enumerate(self.next):
            if batch is None:
                continue
            if not all(map(shows, batch.needs)) or not self.units.fit(batch):
                stalls[head] = True
                continue
            self.units.occupy(batch, cycle + self.times.cycles(batch) + 1)
            self.issued[batch.kind] += batch.ops
        return stalls

    def settle(self, cycle: int) -> bool:
        """Free the units of batches that end by `cycle`; say whether any did."""
        ended = False
        for batch in self.units.settle(cycle):
            ended, stream = True, batch.stream
            for index, first, last in batch.runs:
                self.unmarked |= stream.finish(first, last)
                if last == stream.ends[index]:
                    self.complete.add(stream.entries[index])
        return ended

    def needed(self) -> set[str]:
        """Return the data that the batches at the head of the issue lists read."""
        return {name for batch in self.next if batch for name in batch.needs}

    def released(self) -> set[str]:
        """Return the data that done ops have read.

        The simulator walks its list from the last op it found done to the first that is
        not: a group is left out for good once a later op outside the heads was done.
        """
        self.unmarked = False
        names: set[str] = set()
        for index in self.outer.done_from(self._released_from):
            streams = self.groups.get(index)
            if streams is None:
                streams, indices = [self.outer], [range(index, index + 1)]
            else:
                indices = [stream.done_from(0) for stream in streams]
            for stream, done in zip(streams, indices, strict=True):
                for stage in (stream.entries[at] for at in done):
                    names.update(stage.needs if isinstance(stage, Stage) else ())
        self._released_from = max(self._released_from, self.outer.last_done())
        return names

    def move_on(self, stalls: list[bool | None]) -> bool:
        """Move past what did not stall; say whether any pointer moved."""
        if not self.cursor.update(stalls):
            return False
        before = [batch and batch.needs for batch in self.next]
        self.next = self._next()
        self.unmarked |= before != [batch and batch.needs for batch in self.next]
        return True

    def waits(self, shows: Callable[[str], bool]) -> list[str]:
        """Say of each batch that is next what it waits for."""
        told = []
        for batch in self.next:
            if batch is None:
                continue
            stages = (batch.stream.entries[index] for index, _, _ in batch.runs)
            names = " with ".join(f"`{s.name}`" for s in stages if isinstance(s, Stage))
            missing = [f"`{name}`" for name in batch.needs if not shows(name)]
            units = f"{batch.ops} {POOLS[batch.kind]} at once"
            told.append(f"{names} waits for {missing[0] if missing else units}")
        return told

    def _next(self) -> list[Batch | None]:
        """Return the batch that each stream is to issue."""
        position, size = self.cursor.position, self.cursor.step
        if position is None:
            return [None]
        group = self.groups.get(self.cursor.index)
        if group is None:
            width = size + 1 if size > 1 else 1
            return [self.outer.batch(position, width, unbroken=True)]
        return [
            None if at is None else stream.batch(at, size, unbroken=False)
            for stream, at in zip(group, self.cursor.heads, strict=True)
        ]
