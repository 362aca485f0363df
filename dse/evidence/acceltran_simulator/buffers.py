"""The on-chip buffers of AccelTran's simulator: a port, a space, and what is in it.

Data stay until they are evicted, oldest first, and only data that nothing at the head
of an issue list needs may go. Nothing is written back, and nothing is loaded again.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from dse.evidence.acceltran_simulator.unfinished import Failure


@dataclass
class Datum:
    """One named block of data, and whether it may not be evicted.

    Its values and its mask are the same datum in two buffers: what one buffer marks as
    required is required in the other.
    """

    name: str
    elements: int
    required: bool


@dataclass
class Buffer:
    """One buffer and its port.

    `capacity`, `used` and `peak` are in bits, `bits_per_element` is what an element
    takes once zeros are dropped. `arriving` names what the port is busy with, until the
    cycle `free_at`.
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

    def has_room(self, datum: Datum) -> bool:
        """Say whether the simulator would let data in now, by evicting if need be.

        When the free space does not suffice, it asks whether required data leave more
        room than the *newest* data take, and forgets the size of what is to come.

        Raises:
            Failure: the data are larger than the whole buffer.
        """
        size = datum.elements * self.bits_per_element
        if self.capacity < size:
            raise Failure(
                f"`{datum.name}` takes {_mib(size)}, more than the whole {self.name} "
                f"buffer of {_mib(self.capacity)}. Make the buffer larger."
            )
        if self.capacity - self.used >= size:
            return True
        required = sum(d.elements for d in self.held.values() if d.required)
        newest = next(reversed(self.held.values()), datum)
        room = self.capacity - required * self.bits_per_element
        return room > newest.elements * self.bits_per_element

    def receive(self, datum: Datum, *, cycle: int, rate: float) -> int:
        """Let data in at `rate` bits per cycle; return how long the port is busy.

        Raises:
            Failure: eviction cannot make enough room.
        """
        if self.shows(datum.name):
            return 0
        size = datum.elements * self.bits_per_element
        self._evict_for(datum, size)
        self.held[datum.name] = datum
        self.used += size
        self.peak = max(self.peak, self.used)
        busy = math.ceil(size / rate)
        self.arriving, self.free_at = datum.name, cycle + busy
        return busy

    def settle(self, cycle: int) -> bool:
        """Free the port if its transfer ends by `cycle`; say whether it did."""
        if self.arriving is None or self.free_at > cycle:
            return False
        self.arriving = None
        return True

    def mark(self, needed: set[str], released: set[str]) -> bool:
        """Require what is needed, let go what is only released; say if any changed."""
        changed = False
        for name, datum in self.held.items():
            required = name in needed
            if name != self.arriving and (required or name in released):
                changed |= datum.required != required
                datum.required = required
        return changed

    def _evict_for(self, datum: Datum, size: float) -> None:
        for name, old in list(self.held.items()):
            if self.used + size <= self.capacity:
                return
            if not old.required:
                self.used -= old.elements * self.bits_per_element
                del self.held[name]
        if self.used + size > self.capacity:
            raise Failure(
                f"`{datum.name}` takes {_mib(size)} of the {self.name} buffer; what is "
                f"required leaves {_mib(self.capacity - self.used)}. The simulator "
                "stops on a failed assertion. Make the buffer larger."
            )


def _mib(bits: float) -> str:
    return f"{bits / 2**23:.4g} MiB"
