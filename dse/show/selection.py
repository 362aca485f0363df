"""Which designs lie within ranges of what a page shows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.errors import InputError, did_you_mean, quoted
from dse.explore.runs import Runs
from dse.show.scale import Scale

# Column -> both ends of a metric, None where there is none; or the values of a field.
Ranges = Mapping[str, Sequence[Any]]


class Selector:
    """Rows of results by ranges, in the units of a page; fast for many millions.

    Only designs that break no rule and no limit are ever among them.
    """

    def __init__(self, runs: Runs, scale: Scale) -> None:
        self._runs = runs
        self._allowed = np.asarray(runs.reason == "", bool)
        units = {scale.column_name(m): (m, scale.value(m, 1.0)) for m in runs.metrics}
        self._metrics = units

    def rows(self, ranges: Ranges) -> Rows:
        """Return the places of the rows within all ranges.

        Raises `InputError` for a column that is not known.
        """
        return np.flatnonzero(self.mask(ranges))

    def mask(self, ranges: Ranges) -> Rows:
        """Return whether each row is within all ranges."""
        mask = self._allowed.copy()
        for name, own in ranges.items():
            if name in self._metrics:
                metric, per = self._metrics[name]
                values = self._runs.metrics[metric]
                low, high = own
                if low is not None:
                    mask &= values >= low / per
                if high is not None:
                    mask &= values <= high / per
            else:
                mask &= self._has(name, own)
        return mask

    def _has(self, name: str, values: Sequence[Any]) -> Rows:
        """Return whether a field has one of some values."""
        space, index = self._runs.space, self._runs.index
        if name in space.axes:
            taken = np.isin(self._axis(name), list(values))
            found: Rows = taken[space.places(name, index)]
            return found
        columns = self._runs.designs
        if name not in columns:
            meant = did_you_mean(name, columns)
            raise InputError(f"{quoted(name)} is no column of these results.{meant}")
        return np.isin(columns[name], list(values))

    def _axis(self, name: str) -> Rows:
        """Return the values of an axis as tables show them."""
        space = self._runs.space
        meanings, values = space.design.meanings(), space.values(name)
        labels = meanings[name].choices if name in meanings else ()
        return np.asarray(labels)[values.astype(int)] if labels else values
