"""The best by each objective alone, whatever they cost in the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dse.arrays import Rows


def best_mask(costs: Rows, count: int) -> Rows:
    """Say which rows are among the `count` least of any column; of equals, the first.

    Rows that are not finite never are. Shapes: `costs` `[rows, objectives]`, the answer
    `[rows]`.
    """
    mask = np.zeros(len(costs), bool)
    for column in costs.T:
        least = np.argsort(column, kind="stable")[:count]
        mask[least[np.isfinite(column[least])]] = True
    return mask


def best_bounds(costs: Rows, count: int) -> Rows:
    """Return what a row must not exceed to be among the `count` least of a column.

    Shapes: `costs` `[rows, objectives]`, the answer `[objectives]`; infinite while
    there are fewer rows than `count`.
    """
    if len(costs) < count:
        return np.full(costs.shape[1], np.inf)
    return np.asarray(np.partition(costs, count - 1, axis=0)[count - 1])
