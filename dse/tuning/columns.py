"""What hangs on one axis alone: its least and greatest between two positions."""

from __future__ import annotations

import numpy as np

from dse.arrays import Array


class Column:
    """A number at each position of an axis, within ends `low` and `high` `[positions]`.

    `axis` is the place of the axis. What rises or falls has its ends where boxes have
    theirs. Of the rest the least over 2^k positions is known from each one on, and a
    box is covered by two such runs: Bender and Farach-Colton, "The LCA problem
    revisited" (2000), section 3.
    """

    def __init__(self, axis: int, low: Array, high: Array) -> None:
        self.axis, self.low, self.high = axis, low, high
        both = np.diff([low, high])
        self._rises, self._falls = bool((both >= 0).all()), bool((both <= 0).all())
        if not (self._rises or self._falls):
            self._least = _runs(np.minimum, low)
            self._greatest = _runs(np.maximum, high)

    def within(self, first: Array, last: Array) -> tuple[Array, Array]:
        """Return the least and the greatest from positions `first` to `last`."""
        if self._rises:
            return self.low[first], self.high[last]
        if self._falls:
            return self.low[last], self.high[first]
        run = np.frexp(last - first + 1)[1] - 1  # of 2^run positions
        start = last + 1 - (1 << run)
        least, greatest = self._least, self._greatest
        return (
            np.minimum(least[run, first], least[run, start]),
            np.maximum(greatest[run, first], greatest[run, start]),
        )


def _runs(least: np.ufunc, column: Array) -> Array:
    """Return the least of 2^k positions from each one on, `[k, positions]`."""
    runs = [column]
    while 2 ** len(runs) <= len(column):
        later = np.roll(runs[-1], -(2 ** (len(runs) - 1)))  # past the end unused
        runs.append(least(runs[-1], later))
    return np.stack(runs)
