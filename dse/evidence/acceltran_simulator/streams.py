"""Tile ops in the order in which AccelTran's simulator issues them, and in batches."""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from dse.evidence.acceltran_simulator.ops import Kind, Stage, StageGroup


@dataclass(frozen=True, eq=False)
class Batch:
    """Tile ops of one type that are issued together.

    `runs` are (index of the stage in its stream, first op, past the last op); `needs`
    the data that any of them reads.
    """

    stream: Stream
    kind: Kind
    ops: int
    runs: tuple[tuple[int, int, int], ...]
    needs: tuple[str, ...]
    multiplications: int


class Stream:
    """Tile ops in order, kept as runs of equal ops.

    `front` is the position up to which every op is done; groups count as done.
    """

    def __init__(self, entries: Sequence[Stage | StageGroup]) -> None:
        self.entries = entries
        sizes = [1 if isinstance(e, tuple) else e.tiles for e in entries]
        self.ends = list(itertools.accumulate(sizes))
        self.starts = [end - size for end, size in zip(self.ends, sizes, strict=True)]
        self.front = 0
        self._ahead: list[tuple[int, int]] = []
        self._pass_groups()

    def batch(self, position: int, width: int, *, unbroken: bool) -> Batch:
        """Return the ops of the type found at `position` in a window of `width` ops.

        `unbroken` stops at the first op of another type; else such ops are left out.
        """
        limit = min(position + width, self.ends[-1])
        at = bisect.bisect_right(self.ends, position)
        head = self.entries[at]
        assert isinstance(head, Stage)
        runs, needs = [], head.needs
        while at < len(self.entries) and self.starts[at] < limit:
            stage = self.entries[at]
            if isinstance(stage, Stage) and stage.kind == head.kind:
                first = max(position, self.starts[at])
                runs.append((at, first, min(limit, self.ends[at])))
                needs += stage.needs if stage is not head else ()
            elif unbroken:
                break
            at += 1
        ops = sum(last - first for _, first, last in runs)
        return Batch(self, head.kind, ops, tuple(runs), needs, head.multiplications)

    def finish(self, first: int, last: int) -> bool:
        """Note that ops are done; say whether the front reached another stage."""
        before = self._front_index()
        heapq.heappush(self._ahead, (first, last))
        while self._ahead and self._ahead[0][0] <= self.front:
            self.front = max(self.front, heapq.heappop(self._ahead)[1])
            self._pass_groups()
        return self._front_index() != before

    def done_from(self, position: int) -> range:
        """Return which entries have a done op at `position` or between it and front."""
        first = bisect.bisect_right(self.ends, position)
        return range(first, self._front_index() + 1 if self.front > position else first)

    def last_done(self) -> int:
        """Return the position of the last op before the front that is no group."""
        position = self.front - 1
        at = bisect.bisect_right(self.ends, position)
        while at > 0 and isinstance(self.entries[at], tuple):
            at -= 1
            position = self.ends[at] - 1
        return position

    def _front_index(self) -> int:
        """Return the last entry with an op before the front (-1 where none is)."""
        return bisect.bisect_left(self.ends, self.front) if self.front else -1

    def _pass_groups(self) -> None:
        at = bisect.bisect_right(self.ends, self.front)
        while at < len(self.entries) and isinstance(self.entries[at], tuple):
            at, self.front = at + 1, self.front + 1
