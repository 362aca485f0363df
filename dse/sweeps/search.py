"""The search of a study part by part."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.explore.grid import Grid
from dse.explore.limits import read_limits
from dse.explore.objectives import read_objectives
from dse.explore.pareto import front_mask
from dse.explore.runs import Runs, with_reasons
from dse.study.study import Study
from dse.sweeps.part_file import candidates, part_bytes
from dse.sweeps.plan import ROWS_PER_PART, Plan

Report = Callable[[int], Any]


class PartSearch:
    """Finds what is worth keeping of each part, and the answer of all parts seen.

    What earlier parts had to show rules out much of later ones. So the file of a part
    depends on what was known when it was written, but the answer of all parts does not:
    each holds those of its own designs that nothing known by then beat.
    """

    def __init__(self, study: Study, plan: Plan, run: str) -> None:
        self._study = study
        self._plan = plan
        self._run = run
        self._objectives = read_objectives(study.objectives)
        self.evaluator = study.evaluator()
        best = plan.kept.count if plan.kept.kind == "top" else 0
        self._search = study.search(self.evaluator, best=best)
        self._ready = False

    def learn(self, table: Any) -> None:
        """Take what stands in a part that was found before, or elsewhere."""
        self._search.found.take(candidates(table, every=self._plan.kept.kind == "top"))

    def find(self, part: int, report: Report) -> bytes:
        """Search a part and return its file; `report` is told how many designs."""
        every = self._plan.kept.kind == "all"
        rows, on_front = (self._all_of if every else self._best_of)(part, report)
        return part_bytes(rows, on_front, self._run, part)

    def front(self) -> Runs:
        """Return the front of all parts found or learnt of."""
        return self._search.found.front()

    def best(self) -> Runs:
        """Return the best by each objective of all parts found or learnt of."""
        return self._search.found.best()

    def sample(self) -> Runs:
        """Return designs of the space drawn at random, the same for the same seed."""
        wanted = min(self._plan.kept.count, self._plan.designs)
        drawn = self._study.space.sample(wanted, seed=self._plan.seed)
        return self._search.found.look_at(drawn)

    def _best_of(self, part: int, report: Report) -> tuple[Runs, Rows]:
        """Search the blocks of a part; return what is left of them."""
        if not self._ready:
            self._search.prepare(self._plan.block_size)
            self._ready = True
        numbers = _share(part, self._plan.parts, self._search.blocks)
        self._search.search(numbers, report)
        kept, on_front = self._search.found.kept()
        own = self._search.block_numbers(kept.index)
        inside = (own >= numbers.start) & (own < numbers.stop)
        return kept.take(inside), on_front[inside]

    def _all_of(self, part: int, report: Report) -> tuple[Runs, Rows]:
        """Evaluate every design of a part, which is then a range of their numbers."""
        designs = _share(part, self._plan.parts, self._plan.designs)
        size, index = self._plan.designs, np.arange(designs.start, designs.stop)
        metrics = self._metrics_of(designs)
        limits = read_limits(self._study.limits)
        rows = with_reasons(
            self._study.space, self._study.basis, index, metrics, limits, size
        )
        report(len(rows))
        on_front = front_mask(rows.costs(self._objectives))
        self._search.found.take(rows.index[on_front])
        return rows, on_front

    def _metrics_of(self, designs: range) -> dict[str, Rows]:
        """Return all known metrics of a range of designs, as columns."""
        grid, known = self._in_order, self.evaluator.known
        first, last = (
            designs.start // grid.block_size,
            -(-designs.stop // grid.block_size),
        )
        blocks = [grid.columns(number) for number in range(first, last)]
        start = first * grid.block_size
        inside = slice(designs.start - start, designs.stop - start)
        return {n: np.concatenate([b[n] for b in blocks])[inside] for n in known}

    @cached_property
    def _in_order(self) -> Grid:
        program = self.evaluator.metrics(self.evaluator.known)
        return Grid(self._study.space, program, ROWS_PER_PART, in_order=True)


def _share(part: int, parts: int, things: int) -> range:
    """Return which of a number of things are a part's; together they are all."""
    return range(things * part // parts, things * (part + 1) // parts)
