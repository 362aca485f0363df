"""Where AccelTran's scheduler stands in a list of ops.

Outside a group of heads the pointer moves on by a whole issue batch, whatever was in
the batch: ops of another type inside the window are skipped in silence. And a group
with a single head is left after its first batch, because the simulator tells a group
from a single op by counting heads.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Cursor(Generic[T]):
    """A pointer into a list of ops, with one pointer per head inside a group.

    `position` counts single ops (a group is one of them); `heads` holds the pointers of
    a group's heads. A pointer past the end is None. `step` is the issue batch, `ops_in`
    says how many single ops an entry of the list stands for.
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
        sizes = (1 if isinstance(e, tuple) else ops_in(e) for e in entries)
        self._ends = list(itertools.accumulate(sizes))
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

        `stalled` has one value per stream; None, for a stream that was not looked at,
        counts as not stalled.
        """
        if self.position is None or all(stalled):
            return False
        if len(stalled) == 1:
            self._enter(self._one_batch_after(self.position))
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

    def _one_batch_after(self, position: int) -> int:
        """Return the position a batch later, but not past a group or the last op."""
        stop = max(position + 1, self._ends[-1] - 1)
        at = bisect.bisect_right(self._ends, position) + 1
        while at < len(self.entries) and self._ends[at - 1] < position + self.step:
            if isinstance(self.entries[at], tuple):
                stop = min(stop, self._ends[at - 1])
                break
            at += 1
        return min(position + self.step, stop)

    def _enter(self, position: int) -> None:
        self.position = position if position < self._ends[-1] else None
        entry = () if self.position is None else self.entries[self.index]
        group = entry if isinstance(entry, tuple) else ()
        self.heads = [0] * len(group)
        self._lengths = [sum(map(self._ops_in, head)) for head in group]
