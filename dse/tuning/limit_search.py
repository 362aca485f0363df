"""Search along limits: designs that trade the objective for room under a limit.

Where a limit binds, single steps end too early: doubling the PEs is only allowed once
lanes and softmax units of each are halved, and either alone makes the machine slower.
So a step is also kept if it makes room. The search follows the whole front of the
objective and of every limit's excess, and what serves best is one design of it.
"""

from __future__ import annotations

import numpy as np

from dse.arrays import Rows
from dse.explore.pareto import front_mask
from dse.tuning.coordinates import Coordinates
from dse.tuning.exact import Exact, Found
from dse.tuning.local_search import distinct, neighbours

MARGIN = 0.5  # of a bound: beyond it neither room nor excess is told apart
STEPS = 2  # along an axis at once: one alone may be worth nothing
LOOKED_AROUND = 64  # designs whose neighbours are evaluated in a round


def search_along_limits(
    exact: Exact, axes: Coordinates, points: Rows, budget: int
) -> Found:
    """Return the front of the objective and all excesses; what serves best first.

    From `points` `[n, axes]`, until no neighbour on the grid extends the front or the
    search has evaluated `budget` designs. Continuous axes stay where they are.
    """
    most = exact.evaluations + budget
    done: set[bytes] = set()
    front = _front(exact, points)
    while exact.evaluations < most:
        # The best ones first: a search that is cut short has looked around them.
        fresh = [p for p in front.points if p.tobytes() not in done][:LOOKED_AROUND]
        if not fresh:
            break
        done |= {point.tobytes() for point in fresh}
        near = neighbours(axes, np.stack(fresh), reach=0.0, steps=STEPS)
        front = _front(exact, np.concatenate([front.points, near]))
    return front


def _front(exact: Exact, points: Rows) -> Found:
    """Return the front of some points, in order; all of them where none comes near."""
    found = exact(distinct(points))
    costs = np.concatenate([found.costs, np.maximum(found.excess, -MARGIN)], axis=1)
    far = (found.illegal != "") | ~(found.excess <= MARGIN).all(axis=1)  # or unknown
    mask = front_mask(np.where(far[:, None], np.inf, costs), keep="distinct")
    front = found.take(mask) if mask.any() else found
    return front.take(front.order())
