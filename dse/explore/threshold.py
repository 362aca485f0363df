"""What known designs rule out, as one threshold for each place among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dse.arrays import Rows


GUARD = 1e-12  # relative: equals of a known design are not beaten by it
PLACES = 2**16  # most thresholds there are


class Thresholds:
    """The least of the last cost that pivots reach which are as good in the others.

        threshold(others) = min of last_p over pivots p with others_p <= others

    It changes only where another cost passes that of a pivot, so that a table holds all
    there are, whatever the number of designs. `pivots` `[pivots, costs]`, less is
    better; `last` is the column of the last cost.
    """

    def __init__(self, pivots: Rows, last: int) -> None:
        self._last = last
        self._others = [i for i in range(pivots.shape[1]) if i != last]
        self._steps = [np.unique(pivots[:, i]) for i in self._others]
        table = np.full([len(steps) + 1 for steps in self._steps], np.inf)
        for pivot in pivots:
            at = self._places(pivot)
            table[at] = min(table[at], pivot[last])
        for axis in range(table.ndim):
            np.minimum.accumulate(table, axis=axis, out=table)
        self._table = table + GUARD * np.abs(table)

    def passes(self, costs: Sequence[Rows]) -> Rows:
        """Say which designs no pivot beats; costs broadcast against each other."""
        below: Rows = costs[self._last] <= self._table[self._places(costs)]
        return below

    def _places(self, costs: Any) -> tuple[Rows, ...]:
        """Return how many steps each of the other costs has passed."""
        return tuple(
            np.searchsorted(steps, costs[i], side="right")
            for steps, i in zip(self._steps, self._others, strict=True)
        )


def most_pivots(costs: int) -> int:
    """Return how many pivots have a table that is not too large."""
    return 256 if costs < 3 else min(256, int(PLACES ** (1 / (costs - 1))) - 1)
