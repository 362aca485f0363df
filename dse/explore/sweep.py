"""Sweeps: every design of a space as a row, or its exact front in constant memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from dse.arguments import BLOCK_SIZE, MOST_ROWS, count, one_of, texts
from dse.errors import InputError
from dse.evaluation import Timing
from dse.explore.accuracy import check_accuracy
from dse.explore.asked import TechnologyLike, WorkloadLike
from dse.explore.basis import Basis, read_suite
from dse.explore.evaluator import Evaluator
from dse.explore.front_search import FrontSearch
from dse.explore.grid import Grid
from dse.explore.limits import Limit, read_limits, with_buildable
from dse.explore.objectives import read_objectives
from dse.explore.pareto import Keep
from dse.explore.progress import progress_bar
from dse.explore.runs import Runs, with_reasons
from dse.explore.space import Space, check_space
from dse.hardware.technology import read_technology


def sweep(
    space: Space,
    workload: WorkloadLike | Sequence[WorkloadLike],
    *,
    front: Sequence[str] = (),
    weights: Sequence[float] | None = None,
    limits: Sequence[str] = (),
    buildable: bool = True,
    accept_foreign_accuracy: bool = False,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
    keep: Keep = "all",
    block_size: int = BLOCK_SIZE,
    progress: bool = True,
) -> Runs:
    """Evaluate every design of a space for a workload, or for a weighted suite of them.

    Without `front`, all rows come back. With it, as `front=("max:throughput",
    "min:energy")`, only the exact front does, in memory that does not grow with the
    space. Designs that break a legality rule of the space or one of the `limits`, or
    that cannot be built (unless `buildable=False`), are never on a front; among rows
    they stand with their reason. Limits and objectives take accuracies that were
    measured on another model or length only where `accept_foreign_accuracy`. Raises
    `InputError` where they would, and for a space too large to keep all rows of.

    Examples:
        >>> space = dse.Space("tile:edge", pes=[16, 32, 64], batch=[1, 4])
        >>> runs = dse.sweep(space, "bert-tiny")
        >>> front = dse.sweep(space, "bert-tiny", front=["max:throughput", "min:area"])
        >>> len(runs), len(front)
        (6, 3)
    """
    check_space(space)
    block_size = count("block_size", block_size)
    one_of("keep", keep, get_args(Keep))
    if space.continuous:
        raise InputError(
            f"`{next(iter(space.continuous))}` is continuous, and a sweep needs a "
            "grid: give `interval(low, high, points)`, or use `dse.tune`."
        )
    used = read_technology(technology, space.design)
    suite = read_suite(workload, weights)
    basis = Basis(suite, used, timing, accept_foreign_accuracy)
    bounds = read_limits(with_buildable(limits, buildable), basis.counted)
    asked = texts("front", front, "max:throughput")
    wanted = read_objectives(asked) if asked else ()
    if not wanted and space.size > MOST_ROWS:
        raise InputError(
            f"{space.size:,} rows do not belong in memory (at most {MOST_ROWS:,}); "
            'pass front=("max:throughput", "min:energy") to keep the front only.'
        )
    check_accuracy([bound.metric for bound in bounds], space, basis)
    evaluator = Evaluator(space, basis)
    if wanted:
        found = FrontSearch(space, evaluator, wanted, bounds, keep)
        with progress_bar(progress, unit="design", total=space.size) as bar:
            return found.run(block_size, bar.update)
    return _all_rows(space, evaluator, bounds, progress)


def _all_rows(
    space: Space, evaluator: Evaluator, limits: Sequence[Limit], progress: bool
) -> Runs:
    function = evaluator.metrics(evaluator.known)
    grid = Grid(space, function, BLOCK_SIZE, in_order=True)
    metrics = {name: np.empty(space.size) for name in evaluator.known}
    with progress_bar(progress, unit="design", total=space.size) as bar:
        for number in range(len(grid)):
            rows = slice(number * grid.block_size, (number + 1) * grid.block_size)
            for name, values in grid.columns(number).items():
                metrics[name][rows] = values
            bar.update(grid.block_size)
    index = np.arange(space.size)
    return with_reasons(space, evaluator.basis, index, metrics, limits, space.size)
