"""What AccelTran's simulator shares out: three buffers with their ports, three unit pools.

A buffer has one port. A load occupies the ports of the weight and the mask buffer, a store
those of the activation and the mask buffer. Space is counted in bits; data stay until they
are evicted, oldest first, and only data that no op at the head of an issue list needs may
be evicted. Nothing is written back and nothing is loaded again.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dse.errors import InputError

T = TypeVar("T")


class Unfinished(InputError):
    """AccelTran's simulator would not finish this run."""


class Deadlock(Unfinished):
    """Every op that is left waits for something that will never happen."""


class Failure(Unfinished):
    """The simulator would stop with an exception."""


@dataclass
class Datum:
    """One named block of data in a buffer."""

    elements: int
    required: bool


@dataclass
class Buffer:
    """One on-chip buffer and its port.

    `capacity` in bits, `bits_per_element` as stored (after dropping zeros), `free_at` the
    first cycle in which the port is idle again; `arriving` names what it is busy with.
    """

    name: str
    capacity: float
    bits_per_element: float
    held: dict[str, Datum] = field(default_factory=dict)
    used: float = 0.0
    peak: float = 0.0
    arriving: str | None = None
    free_at: int = 0

    def shows(self, data: str) -> bool:
        """Say whether data are here, whole."""
        return data in self.held and data != self.arriving

    def has_room(self, data: str, elements: int) -> bool:
        """Say whether the simulator would let data in now, by evicting if need be.

        When the free space does not suffice, it asks whether the required data leave more
        room than the *newest* data take: the size of the newcomer is not looked at.

        Raises:
            Failure: the data are larger than the whole buffer.
        """
        size = elements * self.bits_per_element
        if self.capacity < size:
            raise Failure(
                f"`{data}` takes {size / 2**23:.4g} MiB, more than the whole {self.name} "
                f"buffer of {self.capacity / 2**23:.4g} MiB. Give the buffer more."
            )
        if self.capacity - self.used >= size:
            return True
        required = sum(d.elements for d in self.held.values() if d.required)
        newest = next((d.elements for d in reversed(self.held.values())), elements)
        free = self.capacity - required * self.bits_per_element
        return free > newest * self.bits_per_element

    def receive(
        self, data: str, elements: int, *, cycle: int, rate: float, pinned: bool
    ) -> int:
        """Let data in at `rate` bits per cycle; return for how long the port is busy.

        Raises:
            Failure: eviction could not make enough room.
        """
        if self.shows(data):
            return 0
        size = elements * self.bits_per_element
        self._evict(data, size)
        self.held[data] = Datum(elements, pinned)
        self.used += size
        self.peak = max(self.peak, self.used)
        busy = math.ceil(size / rate)
        self.arriving, self.free_at = data, cycle + busy
        return busy

    def _evict(self, data: str, size: float) -> None:
        for name, old in list(self.held.items()):
            if self.used + size <= self.capacity:
                return
            if not old.required:
                self.used -= old.elements * self.bits_per_element
                del self.held[name]
        if self.used + size > self.capacity:
            raise Failure(
                f"`{data}` takes {size / 2**23:.4g} MiB of the {self.name} buffer, and data "
                "that are still required leave less. The simulator lets it in and then "
                "stops on a failed assertion. Give the buffer more."
            )

    def settle(self, cycle: int) -> bool:
        """Free the port if its transfer ends by `cycle`; say whether it did."""
        if self.arriving is None or self.free_at > cycle:
            return False
        self.arriving = None
        return True

    def mark(self, needed: set[str], released: set[str]) -> bool:
        """Mark data at the head of an issue list as required; say if anything changed."""
        changed = False
        for name, datum in self.held.items():
            if name in needed and name != self.arriving:
                changed |= not datum.required
                datum.required = True
            elif name in released and name != self.arriving:
                changed |= datum.required
                datum.required = False
        return changed


class Units(Generic[T]):
    """The pools of compute units, and the batches of tile ops that occupy them."""

    def __init__(self, *, lanes: int, pes: int, softmax_per_pe: int) -> None:
        self.softmax_per_pe = softmax_per_pe
        self.free = {"lane": lanes, "softmax": pes, "ln": pes}
        self._busy: list[tuple[float, int, str, int, T]] = []
        self._issued = 0

    def fit(self, pool: str, ops: int) -> bool:
        """Say whether a batch may start now.

        One softmax op takes all softmax units of a PE, yet the simulator counts units: a
        batch larger than the free PEs, but not than their units, breaks it.

        Raises:
            Failure: that happens.
        """
        free = self.free[pool]
        if ops <= free:
            return True
        if pool == "softmax" and ops <= free * self.softmax_per_pe:
            raise Failure(
                f"A batch of {ops} softmax ops meets {free} free PEs: the simulator counts "
                f"{free * self.softmax_per_pe} softmax units as free, finds one PE per op, "
                "and stops on a failed assertion. Lower the issue batch."
            )
        return False

    def occupy(self, pool: str, ops: int, until: float, batch: T) -> None:
        """Start a batch that gives its units back in cycle `until`."""
        self.free[pool] -= ops
        self._issued += 1
        heapq.heappush(self._busy, (until, self._issued, pool, ops, batch))

    def settle(self, cycle: int) -> Iterator[T]:
        """Free the units of every batch that ends by `cycle`, and yield those batches."""
        while self._busy and self._busy[0][0] <= cycle:
            _, _, pool, ops, batch = heapq.heappop(self._busy)
            self.free[pool] += ops
            yield batch

    @property
    def idle(self) -> bool:
        """Say whether every unit is free."""
        return not self._busy

    @property
    def next_end(self) -> float:
        """Return the cycle in which the next batch ends (infinity if none does)."""
        return self._busy[0][0] if self._busy else math.inf
