"""The compute units of AccelTran's simulator, and what keeps them busy."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

from dse.evidence.acceltran_simulator.ops import Kind
from dse.evidence.acceltran_simulator.streams import Batch
from dse.evidence.acceltran_simulator.unfinished import Failure

POOLS: dict[Kind, str] = {
    "matmul": "MAC lanes",
    "conv": "MAC lanes",
    "nonlin": "MAC lanes",
    "softmax": "softmax groups",
    "ln": "layer-norm units",
}


class Units:
    """Three pools: MAC lanes, one group of softmax units and one layer norm per PE."""

    def __init__(self, *, pes: int, lanes_per_pe: int, softmax_per_pe: int) -> None:
        self.softmax_per_pe = softmax_per_pe
        self.free = dict.fromkeys(POOLS.values(), pes)
        self.free["MAC lanes"] *= lanes_per_pe
        self._busy: list[tuple[float, int, Batch]] = []
        self._issued = 0

    def fit(self, batch: Batch) -> bool:
        """Say whether a batch finds all its units free.

        A softmax op takes all softmax units of a PE, yet the simulator counts units: a
        batch larger than the free PEs, but not than their units, breaks it.

        Raises:
            Failure: that happens.
        """
        free = self.free[POOLS[batch.kind]]
        if batch.ops <= free:
            return True
        units = free * self.softmax_per_pe
        if batch.kind == "softmax" and batch.ops <= units:
            raise Failure(
                f"{batch.ops} softmax ops are issued at once with {free} PEs free: the "
                f"simulator counts {units} free softmax units, finds no PE for some, "
                "and stops on a failed assertion. Lower the issue batch."
            )
        return False

    def occupy(self, batch: Batch, until: float) -> None:
        """Start a batch that gives its units back in cycle `until`."""
        self.free[POOLS[batch.kind]] -= batch.ops
        self._issued += 1
        heapq.heappush(self._busy, (until, self._issued, batch))

    def settle(self, cycle: int) -> Iterator[Batch]:
        """Free the units of every batch that ends by `cycle`, and yield the batches."""
        while self._busy and self._busy[0][0] <= cycle:
            batch = heapq.heappop(self._busy)[2]
            self.free[POOLS[batch.kind]] += batch.ops
            yield batch

    @property
    def idle(self) -> bool:
        """Say whether every unit is free."""
        return not self._busy

    @property
    def next_end(self) -> float:
        """Return the cycle in which the next batch ends (infinity if none does)."""
        return self._busy[0][0] if self._busy else math.inf
