"""Which costs a front comes within a factor of, in every objective at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from dse.arrays import Array

CELLS = 16_000_000  # of the map of a front, at most
STEPS = 10  # of a map that a factor takes
SPARE = 1e-12  # of a logarithm, for what rounding takes


def logarithms(costs: Array, maximize: Array) -> Array:
    """Return numbers that rise with costs, of which a factor is a difference.

    Costs are those of metrics that are never below 0; of what is to be large they are
    its negative. Shape: `[objectives, rows]`, `maximize` `[objectives]`.
    """
    signs = np.where(maximize, -1.0, 1.0)[:, None]
    with np.errstate(divide="ignore"):
        return np.asarray(signs * np.log(np.maximum(signs * costs, 0.0)))


class Cover:
    """Designs of a front by the logarithms of their costs, and a map of what they beat.

    `logs` `[objectives, designs]` are of two objectives or more. The map has a cell for
    steps of all objectives but the last: the least of the last one that a design comes
    to which is no worse there. What a cell says is covered is covered.
    """

    def __init__(self, logs: Array, within: float) -> None:
        self.logs, self._room = logs, np.log1p(within)
        first, least = logs[:-1], np.where(np.isfinite(logs[:-1]), logs[:-1], np.inf)
        self._low = least.min(axis=1, initial=np.inf)
        self._low = np.where(np.isfinite(self._low), self._low, 0.0)[:, None]
        high = np.where(np.isfinite(first), first, -np.inf).max(axis=1, initial=-np.inf)
        wide = np.maximum(high[:, None] - self._low, 0.0)
        self._step = self._room / STEPS
        # A map that would be too large or too coarse is not made.
        self._is_fine = bool(np.prod(wide / self._step + 3.0) <= CELLS)
        if not self._is_fine:
            return
        self._shape = (np.ceil(wide[:, 0] / self._step) + 2.0).astype(int)
        self._map = np.full(self._shape, np.inf)
        cells = self._cells(first, np.ceil)
        np.minimum.at(self._map, tuple(cells), logs[-1])
        for axis in range(len(self._shape)):
            np.minimum.accumulate(self._map, axis=axis, out=self._map)

    def _cells(self, logs: Array, rounded: Any) -> Array:
        """Return the cells of costs on the map: 0 is that of less than all."""
        places = 1.0 + rounded((logs - self._low) / self._step)
        ends = np.asarray(self._shape, float)[:, None] - 1.0
        return np.asarray(np.clip(places, 0.0, ends), int)

    def covers(self, logs: Array, room: float | None = None) -> Array:
        """Say which costs a design comes within the factor of, `[rows]`.

        `room` is the logarithm of another factor.
        """
        reached = logs + (self._room if room is None else room) - SPARE
        if not self._is_fine:
            return self._one_by_one(reached)
        cells = self._cells(reached[:-1], np.floor)
        return np.asarray(self._map[tuple(cells)] <= reached[-1])

    def _one_by_one(self, reached: Array) -> Array:
        """Say which costs some design comes to, by a look at each."""
        found = np.zeros(reached.shape[1], bool)
        for rows in np.array_split(np.arange(len(found)), len(found) // 1024 + 1):
            part = self.logs[:, :, None] <= reached[:, None, rows]
            found[rows] = part.all(axis=0).any(axis=0)
        return found

    def lag(self, logs: Array) -> float:
        """Return by what factor, less 1, costs are covered: the least for all rows."""
        low, high = 0.0, 1.0
        while not self.covers(logs, high).all():
            low, high = high, 2.0 * high
            if high > 64.0:
                return np.inf
        while high - low > 1e-4 * high:
            middle = 0.5 * (low + high)
            enough = self.covers(logs, middle).all()
            low, high = (low, middle) if enough else (middle, high)
        return float(np.expm1(high))

    def nearest(self, logs: Array) -> Array:
        """Return the design that lags least behind each cost, `[objectives, rows]`.

        Infinite costs where there is no design.
        """
        if not self.logs.shape[1]:
            return np.full(logs.shape, np.inf)
        parts = []
        for part in np.array_split(logs, max(1, logs.shape[1] // 256), axis=1):
            lag = (self.logs[:, None, :] - part[:, :, None]).max(axis=0)
            parts.append(self.logs[:, lag.argmin(axis=1)])
        return np.concatenate(parts, axis=1)
