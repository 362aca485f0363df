"""A function of named numbers over the rows of a table, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from dse.explore.array_program import ArrayProgram

BATCH = 4096  # rows at once, so that what a step makes stays in the cache

Columns = dict[str, np.ndarray[Any, Any]]


class Program:
    """A function from named numbers to named numbers; no row changes another's answer.

    `names` are those of the numbers that it takes.
    """

    def __init__(
        self, function: Callable[[Any], dict[str, Any]], names: Iterable[str]
    ) -> None:
        self.steps = ArrayProgram(function, list(names))

    def __call__(self, table: Mapping[str, Any], count: int) -> Columns:
        """Return what the function answers for `count` rows of a table, as columns."""
        parts = []
        for start in range(0, count, BATCH):
            rows = {n: np.asarray(v)[start : start + BATCH] for n, v in table.items()}
            size = min(BATCH, count - start)
            found = self.steps.run(rows, dimensions=1)
            parts.append({n: np.broadcast_to(v, (size,)) for n, v in found.items()})
        return {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}
