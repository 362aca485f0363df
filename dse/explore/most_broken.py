"""What most designs of a space break, where none keeps all that was asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dse.arrays import Rows
from dse.explore.evaluator import Evaluator
from dse.explore.limits import Limit, applicable
from dse.explore.space import Space
from dse.units import from_si

TRIED = 10_000  # designs, of a space that has more
TOLD = 2  # rules and limits


def most_broken(space: Space, evaluator: Evaluator, limits: Sequence[Limit]) -> str:
    """Return the rules and limits that most designs break, with how many do.

    As "all 8 break `area <= 1 mm^2` (the nearest has 61 mm^2); 5 break `one tile`". Of
    a large space, designs drawn at random are counted.
    """
    drawn = space.sample(min(space.size, TRIED))
    metrics = evaluator(drawn)
    broken: dict[str, Rows] = {
        f"`{why}`": np.broadcast_to(held, len(drawn))
        for why, held in space.illegal(space.decode(drawn)).items()
    }
    for limit in applicable(limits, metrics):
        column = metrics[limit.metric]
        broken[_said(limit, column)] = limit.broken(column)
    counts = {said: int(np.sum(rows)) for said, rows in broken.items() if rows.any()}
    most = sorted(counts, key=lambda said: -counts[said])[:TOLD]
    some = len(drawn) < space.size
    told = [_counted(counts[said], len(drawn), some=some) + said for said in most]
    begin = f"of {len(drawn):,} drawn at random " if some else ""
    return begin + "; ".join(told)


def _counted(count: int, of: int, *, some: bool) -> str:
    number = f"{count:,}" if count < of else "all" if some else f"all {count:,}"
    return f"{number} {'breaks' if count == 1 else 'break'} "


def _said(limit: Limit, column: Rows) -> str:
    """Return a limit with the nearest that a design comes to it."""
    known = column[np.isfinite(column)]
    if not len(known):
        return f"`{limit}` (which is not known of them)"
    nearest = known.min() if limit.at_most else known.max()
    shown = f"the nearest has {from_si(float(nearest), limit.unit):.4g} {limit.unit}"
    why = f"{limit.physical}; " if limit.physical else ""
    return f"`{limit}` ({why}{shown})"
