"""Where AccelTran's scheduler stands in a list of ops, and which ops come next.

Two facts of the simulator shape this file. Outside a group of heads the pointer moves past
as many ops as a batch holds, whatever was in the batch: ops of another type inside the
window are skipped in silence. And a group with a single head is left after its first op,
because the simulator tells groups from single ops by the number of heads.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from dse.evidence.acceltran_ops import Kind, Stage, StageGroup

T = TypeVar("T")


class Cursor(Generic[T]):
    """A pointer into a list of ops, with one pointer per head inside a group.

    `position` counts single ops (a group is one); `heads` holds the heads' own pointers.
    A pointer is None once it is past the end. `step` is the issue batch.
    """

    def __init__(
        self,
        entries: Sequence[T | tuple[tuple[T, ...], ...]],
        *,
        step: int,
        ops_in: Callable[[T], int],
    ) -> None:
        self.entries = entries
        self.step = step
        self._ops_in = ops_in
        self._ends = list(
            itertools.accumulate(
                1 if isinstance(e, tuple) else ops_in(e) for e in entries
            )
        )
        self.position: int | None = 0
        self.heads: list[int | None] = []
        self._lengths: list[int] = []
        self._enter(0)

    @property
    def index(self) -> int:
        """Return which entry the pointer is in (their number, past the end)."""
        if self.position is None:
            return len(self.entries)
        return bisect.bisect_right(self._ends, self.position)

    def update(self, stalled: Sequence[bool | None]) -> bool:
        """Move past what did not stall; say whether any pointer moved.

        `stalled` has one value per stream: None where the stream was not looked at, which
        counts as not stalled.
        """
        if self.position is None or all(stalled):
            return False
        if len(stalled) == 1:
            self._enter(self._skip(self.position))
            return True
        moved = False
        for head, stall in enumerate(stalled):
            at = self.heads[head]
            if stall or at is None:
                continue
            ahead = at + self.step
            self.heads[head] = ahead if ahead < self._lengths[head] else None
            moved = True
        if all(head is None for head in self.heads):
            self._enter(self.position + 1)
        return moved

    def _skip(self, position: int) -> int:
        """Return the position one batch later, but not past the next group or last op."""
        following = bisect.bisect_right(self._ends, position)
        last = self._ends[-1] - 1
        stop = max(position + 1, last)
        for index in range(following, len(self.entries)):
            start = self._ends[index - 1] if index else 0
            if start > position + self.step:
                break
            if start > position and isinstance(self.entries[index], tuple):
                stop = min(stop, start)
                break
        return min(position + self.step, stop)

    def _enter(self, position: int) -> None:
        self.position = position if position < self._ends[-1] else None
        entry = self.entries[self.index] if self.position is not None else ()
        group = entry if isinstance(entry, tuple) else ()
        self.heads = [0] * len(group)
        self._lengths = [sum(map(self._ops_in, head)) for head in group]


@dataclass(frozen=True, eq=False)
class Batch:
    """Tile ops of one type that are issued together.

    `runs` are (index of the stage in its stream, first op, past the last op).
    """

    stream: Stream
    kind: Kind
    ops: int
    runs: tuple[tuple[int, int, int], ...]
    needs: tuple[str, ...]
    multiplications: int


class Stream:
    """Tile ops in order, kept as runs of equal ops; remembers up to where all are done."""

    def __init__(self, entries: Sequence[Stage | StageGroup]) -> None:
        self.entries = entries
        sizes = [1 if isinstance(e, tuple) else e.tiles for e in entries]
        self.ends = list(itertools.accumulate(sizes))
        self.starts = [end - size for end, size in zip(self.ends, sizes, strict=True)]
        self.done = 0
        self._early: list[tuple[int, int]] = []
        self._pass_groups()

    def batch(self, position: int, width: int, *, unbroken: bool) -> Batch:
        """Return the ops of the type found at `position` in a window of `width` ops.

        `unbroken` stops at the first op of another type; else such ops are left out.
        """
        limit = min(position + width, self.ends[-1])
        at = bisect.bisect_right(self.ends, position)
        head = self._stage(at)
        runs, needs = [], head.needs
        while at < len(self.entries) and self.starts[at] < limit:
            entry = self.entries[at]
            if isinstance(entry, Stage) and entry.kind == head.kind:
                runs.append(
                    (at, max(position, self.starts[at]), min(limit, self.ends[at]))
                )
                needs += entry.needs if entry is not head else ()
            elif unbroken:
                break
            at += 1
        ops = sum(last - first for _, first, last in runs)
        return Batch(self, head.kind, ops, tuple(runs), needs, head.multiplications)

    def finish(self, first: int, last: int) -> bool:
        """Note that ops are done; say whether the unbroken front reached another stage."""
        before = self._front()
        heapq.heappush(self._early, (first, last))
        while self._early and self._early[0][0] <= self.done:
            self.done = max(self.done, heapq.heappop(self._early)[1])
            self._pass_groups()
        return self._front() != before

    def done_from(self, position: int) -> range:
        """Return which entries have an op done in the front from `position` on."""
        if self.done <= position:
            return range(0)
        first = bisect.bisect_right(self.ends, position)
        return range(first, self._front() + 1)

    @property
    def last_done_op(self) -> int:
        """Return the position of the last op of the front that is no group."""
        position = self.done - 1
        at = bisect.bisect_right(self.ends, position)
        while at > 0 and isinstance(self.entries[at], tuple):
            at -= 1
            position = self.ends[at] - 1
        return position

    def _front(self) -> int:
        """Return the last entry with an op in the front (-1 where none is)."""
        return bisect.bisect_left(self.ends, self.done) if self.done else -1

    def _pass_groups(self) -> None:
        """Let the front pass groups: they never hold it up."""
        at = bisect.bisect_right(self.ends, self.done)
        while at < len(self.entries) and isinstance(self.entries[at], tuple):
            at, self.done = at + 1, self.done + 1

    def _stage(self, index: int) -> Stage:
        entry = self.entries[index]
        assert isinstance(entry, Stage)
        return entry
