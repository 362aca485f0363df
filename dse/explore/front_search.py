"""The search for an exact front in constant memory, block by block.

A design that a known one beats in every objective cannot be on the front. Such designs
are dropped where they stand: for each combination of the other objectives there is a
threshold on the last one, so that a block is compared with many known designs at the
price of one comparison. The few that remain compete with each other and with the front.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from dse.arrays import Rows
from dse.explore.accuracy import check_accuracy
from dse.explore.evaluator import Evaluator
from dse.explore.front_so_far import FrontSoFar
from dse.explore.grid import Grid
from dse.explore.limits import Limit, applicable
from dse.explore.objectives import Objective
from dse.explore.pareto import Keep, front_mask
from dse.explore.runs import Runs
from dse.explore.space import Space
from dse.explore.threshold import Thresholds


class FrontSearch:
    """A space cut into blocks, and what was found in those searched.

    `found` holds the front, and with `best` that many of the best by each objective.
    Raises `InputError` for an objective or a limit that nothing here tells.
    """

    def __init__(
        self,
        space: Space,
        evaluator: Evaluator,
        objectives: tuple[Objective, ...],
        limits: Sequence[Limit],
        keep: Keep,
        *,
        best: int = 0,
    ) -> None:
        asked = [o.metric for o in objectives]
        check_accuracy([*asked, *(b.metric for b in limits)], space, evaluator.basis)
        self._space = space
        self._objectives = objectives
        self._limits = applicable(limits, evaluator.known)
        self._metrics = evaluator.metrics([*asked, *(b.metric for b in self._limits)])
        self._best = best
        self.found = FrontSoFar(space, evaluator, objectives, limits, keep, best=best)
        self._made = self.found.pivots, Thresholds(self.found.pivots, 0)

    def run(self, block_size: int, report: Callable[[int], object]) -> Runs:
        """Search the whole space; `report` is told the size of each block."""
        self.prepare(block_size)
        self.search(range(self.blocks), report)
        return self.found.front()

    def prepare(self, block_size: int) -> None:
        """Cut the space into blocks, and work out what all of them share."""
        self._grid = Grid(self._space, self._metrics, block_size)

    @property
    def blocks(self) -> int:
        """Number of blocks; `prepare` has been called before."""
        return len(self._grid)

    def block_numbers(self, indices: Rows) -> Rows:
        """Return the number of the block that each design stands in."""
        return self._grid.numbers(indices)

    def search(self, numbers: Iterable[int], report: Callable[[int], object]) -> None:
        """Search the blocks with these numbers; `report` is told the size of each."""
        self.found.take_sample()
        workers = os.cpu_count() or 1
        with ThreadPoolExecutor(workers) as pool:
            for indices in _ahead(pool, self._search_block, numbers, 2 * workers):
                self.found.take(indices)
                report(self._grid.block_size)

    def _search_block(self, number: int) -> Rows:
        """Return the designs of a block that nothing known and no other of it beats."""
        metrics = self._grid.answers(number)
        costs = [
            -metrics[o.metric] if o.maximize else metrics[o.metric]
            for o in self._objectives
        ]
        with np.errstate(invalid="ignore"):
            alive = self._may_be_kept(costs)
            for limit in self._limits:
                alive = alive & ~limit.broken(metrics[limit.metric])
        where = np.flatnonzero(np.broadcast_to(alive, self._grid.shape))
        places = np.unravel_index(where, self._grid.shape)
        rows = np.stack(
            [np.broadcast_to(cost, self._grid.shape)[places] for cost in costs], axis=1
        )
        indices = self._grid.indices(number, where)
        legal = self._legal(indices)
        indices, rows = indices[legal], rows[legal]
        kept: Rows = front_mask(rows)
        if self._best:
            kept |= (rows <= self.found.bounds).any(axis=1)
        near: Rows = indices[kept]
        return near

    def _may_be_kept(self, costs: list[Rows]) -> Rows:
        """Say which designs no pivot beats, or are among the best by one objective.

        The objective that depends on most axes is compared last.
        """
        last = int(np.argmax([cost.size for cost in costs]))
        alive = self._thresholds(last).passes(costs)
        if self._best:
            for cost, bound in zip(costs, self.found.bounds, strict=True):
                alive = alive | (cost <= bound)
        return alive

    def _thresholds(self, last: int) -> Thresholds:
        """Return those of the pivots known by now; several threads may ask."""
        pivots, made = self._made
        if pivots is not self.found.pivots:
            pivots = self.found.pivots
            made = Thresholds(pivots, last)
            self._made = pivots, made
        return made

    def _legal(self, indices: Rows) -> Rows:
        """Say which designs break no rule of the space."""
        legal = np.ones(len(indices), bool)
        for broken in self._space.illegal(self._space.decode(indices)).values():
            legal &= ~np.asarray(broken)
        return legal


def _ahead(
    pool: ThreadPoolExecutor,
    work: Callable[[int], Rows],
    numbers: Iterable[int],
    ahead: int,
) -> Iterator[Rows]:
    """Yield the results of some work in order, with a few of them under way."""
    waiting = iter(numbers)
    running = [pool.submit(work, number) for number in islice(waiting, ahead)]
    while running:
        result = running.pop(0).result()
        running += [pool.submit(work, number) for number in islice(waiting, 1)]
        yield result
