"""The front of all designs looked at so far, decided in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dse.arrays import Rows
from dse.explore.evaluator import BATCH, Evaluator
from dse.explore.limits import Limit
from dse.explore.objectives import Objective
from dse.explore.pareto import Keep, front_mask
from dse.explore.runs import Runs, with_reasons
from dse.explore.space import Space
from dse.explore.threshold import most_pivots

CANDIDATES = 1024  # for pivots, where a front has more designs


class FrontSoFar:
    """Takes designs by index, and keeps those that no other one taken beats.

    With `best`, that many of the best by each objective alone are kept beside them. The
    order in which designs are taken changes nothing.

    `pivots` are rows of the front that, together, beat most of what it was shown, and
    `bounds` what the best keep to; both `[..., objectives]`, less is better. They are
    never changed, only replaced: other threads read them.
    """

    def __init__(
        self,
        space: Space,
        evaluator: Evaluator,
        objectives: tuple[Objective, ...],
        limits: Sequence[Limit],
        keep: Keep = "all",
        *,
        best: int = 0,
    ) -> None:
        self._space = space
        self._evaluate = evaluator
        self._objectives = objectives
        self._limits = limits
        self._keep = keep
        self._best = best
        self._waiting: list[Rows] = []
        self._kept: Runs | None = None
        self._on_front = np.zeros(0, bool)
        self._sample = np.zeros((0, len(objectives)))
        self.pivots = np.zeros((0, len(objectives)))
        self.bounds = np.full(len(objectives), np.inf)

    def take_sample(self) -> None:
        """Take some designs drawn at random, to have pivots from the beginning."""
        if len(self._sample):
            return
        self._waiting.append(self._space.sample(min(BATCH, self._space.size)))
        self._merge()
        self._sample = self._last_costs

    def take(self, indices: Rows) -> None:
        """Take designs; they wait until a pile of them is worth an evaluation."""
        self._waiting.append(indices)
        known = 0 if self._kept is None else len(self._kept)
        if sum(map(len, self._waiting)) >= max(BATCH, known):
            self._merge()

    def kept(self) -> tuple[Runs, Rows]:
        """Return front and best in order of their index, and which are on the front."""
        return self._merge(), self._on_front

    def front(self) -> Runs:
        """Return the front."""
        kept, on_front = self.kept()
        front = kept.take(on_front)
        return replace(front, evaluated=self._space.size, objectives=self._objectives)

    def best(self) -> Runs:
        """Return the best by each objective."""
        kept, _ = self.kept()
        best = kept.take(best_mask(kept.costs(self._objectives), self._best))
        return replace(best, evaluated=self._space.size)

    def look_at(self, indices: Rows) -> Runs:
        """Return the metrics of designs, with what rules each out."""
        metrics = self._evaluate(indices)
        size = self._space.size
        basis = self._evaluate.basis
        return with_reasons(self._space, basis, indices, metrics, self._limits, size)

    def _merge(self) -> Runs:
        """Evaluate what waits; keep what is left of it and of what was kept."""
        old = self._kept
        known = np.zeros(0, np.int64) if old is None else old.index
        fresh = np.setdiff1d(np.concatenate([known[:0], *self._waiting]), known)
        self._waiting = []
        if old is not None and len(fresh) == 0:
            return old
        new = self.look_at(fresh)
        self._last_costs = new.costs(self._objectives)
        both = new if old is None else _joined(old, new)
        # In order of the index, so that "distinct" keeps the first design of equals.
        both = both.take(np.argsort(both.index))
        costs = both.costs(self._objectives)
        front = front_mask(costs, keep=self._keep)
        self._choose_pivots(costs[front])
        wanted = front
        if self._best:
            wanted = front | best_mask(costs, self._best)
            self.bounds = best_bounds(costs, self._best)
        self._kept, self._on_front = both.take(wanted), front[wanted]
        return self._kept

    def _choose_pivots(self, front: Rows) -> None:
        """Take all of the front, or those that, in turn, rule out most of a sample."""
        most = most_pivots(front.shape[1])
        if len(front) > most:
            front = front[_spread(len(front), CANDIDATES)]
            seen = np.concatenate([self._sample, self._last_costs[:BATCH]])[::4]
            beats = np.stack([(seen >= row).all(axis=1) for row in front])
            chosen: list[int] = []
            while len(chosen) < most and beats.any():
                chosen.append(int(beats.sum(axis=1).argmax()))
                beats = beats[:, ~beats[chosen[-1]]]
            others = np.setdiff1d(np.arange(len(front)), chosen)
            fill = others[_spread(len(others), most - len(chosen))]
            front = front[np.concatenate([chosen, fill]).astype(int)]
        self.pivots = front


def _spread(count: int, most: int) -> Rows:
    """Return at most so many of a count of places, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(int))


def _joined(first: Runs, second: Runs) -> Runs:
    return replace(
        first,
        index=np.concatenate([first.index, second.index]),
        metrics={
            n: np.concatenate([c, second.metrics[n]]) for n, c in first.metrics.items()
        },
        reason=np.concatenate([first.reason, second.reason]),
    )


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
