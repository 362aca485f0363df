"""Branch and bound: what is left of a space once all is closed that cannot win.

A box of designs is closed if no design of it can be allowed, or none can cost less than
the best that is known. Of the others those of the lowest bound are halved first; small
ones are enumerated. When no box is left, the best that is known is the best of all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dse.arrays import Array
from dse.explore.shard import Shard
from dse.tuning.box_search import BoxSearch
from dse.tuning.enclosure import Enclosure, Told, together
from dse.tuning.exact import Exact, Found
from dse.tuning.halving import halve, nearer, nearer_a_limit, next_boxes
from dse.tuning.local_search import descend_grid
from dse.tuning.proof import Proof
from dse.tuning.proof_file import Begun, begin, write_proof

FEW = 4  # designs of a box that is enumerated
PAUSE = 0.2  # seconds between two words of progress
TRIED = 8  # boxes of a step whose middle is tried


def prove(
    enclosure: Enclosure,
    exact: Exact,
    best: Found,
    *,
    gap: float = 0.0,
    seconds: float | None = None,
    tell: Callable[[Proof], None] = lambda proof: None,
    file: Path | None = None,
    begun: Begun | None = None,
) -> tuple[Found, Proof]:
    """Return the best design, and what is proven of it.

    `best` is one design to begin from. The search ends when none can be better by more
    than `gap`, a share of its cost, or after some `seconds`; `tell` hears how far it
    has come. What is proven by then is written to a `file`, to be checked, or gone on
    with: `begun`.
    """
    began = time.perf_counter()
    begun = begin(enclosure, Shard()) if begun is None else begun
    search = _Search(enclosure, exact, best, gap, begun, keep=file is not None)
    search.steps(began, seconds, PAUSE, lambda spent: tell(search.proof(spent)))
    proof = search.proof(time.perf_counter() - began)
    if file is not None:
        best = search.best
        claim = best.costs[best.violation == 0]
        write_proof(file, enclosure, search.come_to(proof), claim, gap)
    return search.best, proof


class _Search(BoxSearch):
    """The boxes that are open, the bound of each, and the best design so far."""

    def __init__(
        self,
        enclosure: Enclosure,
        exact: Exact,
        best: Found,
        gap: float,
        begun: Begun,
        *,
        keep: bool,
    ) -> None:
        super().__init__(enclosure, exact, gap, begun, keep=keep)
        self._left_out = begun.left_out
        self.best = best
        self._try(begun.points)
        self.open, self._low = begun.open, _bounds(self._ask(begun.open))
        self._close()

    def step(self) -> None:
        """Halve the boxes of the lowest bounds, or the smallest if there are many."""
        fast = self._enclosure.is_fast
        chosen = next_boxes(self.open, self._low, fast=fast)
        parents = self.open.take(chosen)
        self._try(parents.take(np.argsort(self._low[chosen])[:TRIED]).middles())
        halves, told = halve(self._ask, parents, self._nearer)
        bounds = np.maximum(_bounds(told), np.tile(self._low[chosen], 2))
        few = (halves.sizes <= FEW) & (bounds < self._enough())
        points = halves.take(few).points()
        self._try(points)
        self._shut_points(points)
        self.open = together([self.open.take(~chosen), halves.take(~few)])
        self._low = np.concatenate([self._low[~chosen], bounds[~few]])
        self._close()

    def proof(self, seconds: float) -> Proof:
        """Return what is proven so far."""
        lowest = min(self._left_out, self._low.min(initial=np.inf))
        cost, feasible = self._cost(), bool(np.isfinite(self._cost()))
        bound = float(min(lowest, cost))
        known = np.isfinite(bound)
        return Proof(
            feasible=feasible,
            bound=self._enclosure.problem.sign * bound if known else None,
            gap=_gap(cost, bound) if feasible else float(len(self.open) and np.inf),
            **self._spent(seconds),
        )

    def come_to(self, proof: Proof) -> Begun:
        """Return how far it has come, for a file."""
        return self._come_to(proof, self.best.points, left_out=self._left_out)

    def _cost(self) -> float:
        """Return what a design must cost less than: infinite if none is allowed yet."""
        allowed = self.best.violation[0] == 0
        return float(self.best.costs[0, 0]) if allowed else np.inf

    def _enough(self) -> float:
        """Return the bound from which a box is closed."""
        cost = self._cost()
        return cost - self._gap * abs(cost) if np.isfinite(cost) else cost

    def _close(self) -> None:
        """Drop the boxes in which nothing can be better by more than the gap."""
        kept = self._low < self._enough()
        self._left_out = min(self._left_out, self._low[~kept].min(initial=np.inf))
        self._shut(self.open.take(~kept))
        self.open, self._low = self.open.take(kept), self._low[kept]

    def _nearer(self, before: Told, after: Told, _: Array) -> Array:
        """Return the share by which halves are closer to closed than their boxes."""
        by_cost = nearer(before.costs[0], after.costs[0], self._enough())
        share: Array = np.maximum(by_cost, nearer_a_limit(before, after))
        return share

    def _try(self, points: Array) -> None:
        if len(points):
            found = self._exact(points)
            best = found.take(found.order()[:1])
            pair = best.violation[0], best.costs[0, 0]
            if pair < (self.best.violation[0], self.best.costs[0, 0]):
                axes = self._enclosure.problem.coordinates
                better = descend_grid(self._exact, axes, best.points)
                self.best = better.take(slice(0, 1))


def _bounds(told: Told) -> Array:
    """Return what no allowed design of boxes costs less than; infinite if none is."""
    return np.where(told.allowed, told.costs[0], np.inf)


def _gap(cost: float, bound: float) -> float:
    if bound >= cost:
        return 0.0
    return float((cost - bound) / abs(cost)) if cost else np.inf
