"""Pareto fronts: the rows that no other row beats in every objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from dse.arguments import one_of
from dse.errors import InputError

if TYPE_CHECKING:
    from dse.arrays import Rows

Keep = Literal["all", "distinct"]


def front_mask(costs: Rows, *, keep: Keep = "all") -> Rows:
    """Say which rows of `costs` no other row dominates; less is better.

    Rows that are not finite are never on the front and dominate nothing. Equal rows are
    all kept (`"all"`), or only the first of them (`"distinct"`). Shapes: `costs`
    `[rows, objectives]`, the answer `[rows]`.
    """
    one_of("keep", keep, get_args(Keep))
    costs = np.asarray(costs, float)
    mask: Rows = np.isfinite(costs).all(axis=1)
    finite = np.flatnonzero(mask)
    if finite.size == 0:
        return mask
    import moocore

    mask[finite] = ~_beaten_by_one(costs[finite])
    left = np.flatnonzero(mask)
    mask[left] = moocore.is_nondominated(costs[left], keep_weakly=True)
    if keep == "distinct":
        on_front = np.flatnonzero(mask)
        _, first = np.unique(costs[on_front], axis=0, return_index=True)
        mask[:] = False
        mask[on_front[first]] = True
    return mask


def _beaten_by_one(costs: Rows) -> Rows:
    """Say which rows one good row beats in every objective.

    Most rows of a sweep go here, at the price of one comparison each. Any row would do;
    the one with the least sum of scaled costs beats many.
    """
    columns = np.ascontiguousarray(costs.T)
    with np.errstate(all="ignore"):
        low, high = columns.min(axis=1), columns.max(axis=1)
        scale = 1.0 / np.where(high > low, high - low, 1.0)
        good = columns[:, np.argmin(scale @ columns)]
    beaten = np.ones(len(costs), bool)
    for column, bar in zip(columns, good, strict=True):
        beaten &= column > bar
    return beaten


def hypervolume(costs: Rows, reference: Rows) -> float:
    """Return the volume that a front dominates, up to a reference point it must beat.

    Shapes: `costs` `[rows, objectives]`, `reference` `[objectives]`; unit: the product
    of those of the objectives.
    """
    import moocore

    return float(moocore.hypervolume(np.asarray(costs, float), ref=reference))


def knee(costs: Rows) -> int:
    """Return the row of a front that gives up least, by a scale-free measure.

    Objectives are put on log scales where all values have one sign, and stretched to
    0..1 between the best and the worst of the front; the knee is nearest to the corner
    where all are 0. Raises `InputError` for an empty front.
    """
    if len(costs) == 0:
        raise InputError(
            "an empty front has no knee; loosen a limit, or widen the space."
        )
    same_sign = (costs > 0).all(axis=0) | (costs < 0).all(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.sign(costs) * np.log(np.abs(costs))
    scaled = np.where(same_sign, logs, costs)
    low, high = scaled.min(axis=0), scaled.max(axis=0)
    unit = (scaled - low) / np.where(high > low, high - low, 1.0)
    return int(np.argmin(np.linalg.norm(unit, axis=1)))
