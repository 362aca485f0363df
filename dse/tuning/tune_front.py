"""Fronts by gradient and local search: all trade-offs from a few thousand designs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
import optax

from dse.arguments import count, texts
from dse.arrays import Rows
from dse.errors import InputError
from dse.evaluation import Timing
from dse.explore.asked import TechnologyLike, WorkloadLike, check_timing
from dse.explore.basis import read_suite
from dse.explore.limits import EXAMPLE
from dse.explore.objectives import USUAL, Objective, read_objectives
from dse.explore.pareto import front_mask
from dse.explore.progress import progress_bar
from dse.explore.runs import Runs, with_reasons
from dse.explore.space import Space, check_space
from dse.tuning.descent import Descent, Starts, read_key, read_optimizer
from dse.tuning.exact import Exact, Found
from dse.tuning.local_search import distinct, neighbours, random_jumps
from dse.tuning.problem import Problem
from dse.tuning.starts import rounded, spread

LOOKED_AROUND = 64  # designs of the front whose neighbours are evaluated in a round
WITHOUT_GRADIENTS = 64  # designs that local search begins from if it is alone
PATIENCE = 8  # rounds without a new design, after which the search ends
JUMPS = 1024  # designs farther away, evaluated in a round once no neighbour is better


@dataclass(frozen=True, eq=False)
class TunedFront:
    """A front, and what it cost.

    `evaluations` counts designs that the exact model was asked about, each once, and
    `gradients` those of the relaxed model. `history` holds, round by round, how many
    evaluations had been spent and the costs of the front then, `[designs, objectives]`.
    """

    front: Runs
    evaluations: int
    gradients: int
    history: tuple[tuple[int, Rows], ...]

    def __repr__(self) -> str:
        return (
            f"TunedFront({len(self.front):,} designs; {self.evaluations:,} evaluations "
            f"and {self.gradients:,} gradients of {self.front.space.size:,} designs)"
        )


def tune_front(
    space: Space,
    workload: WorkloadLike | Sequence[WorkloadLike],
    *,
    objectives: Sequence[str] = USUAL,
    weights: Sequence[float] | None = None,
    limits: Sequence[str] = (),
    buildable: bool = True,
    accept_foreign_accuracy: bool = False,
    budget: int = 20_000,
    starts: int = 0,
    steps: int = 60,
    optimizer: optax.GradientTransformation | None = None,
    key: jax.Array | None = None,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
    progress: bool = True,
) -> TunedFront:
    """Return nearly the whole front of a space from at most `budget` evaluations.

    A Pareto local search on the exact model: from a few spread designs it evaluates all
    neighbours of the front found so far until none improves it, then designs two moves
    away, and farther ones once no new ones turn up there. With `starts`, it begins from
    so many descents by gradient instead, all in one compiled program, each for a
    trade-off of its own (a scalarisation by random weights: the objective that lags
    most, and a little of all). On AccelTran's space that does not pay for its
    compilation (`benchmarks/tuning`), so it is not the default. Raises `InputError` for
    continuous axes, which have no grid to search.

    Examples:
        >>> space = dse.Space("reference:a100", cores=[54, 108, 216], batch=[1, 8, 64])
        >>> asked = ["max:throughput", "min:latency"]
        >>> found = dse.tune_front(space, "bert-tiny", objectives=asked)
        >>> len(found.front), found.evaluations
        (3, 9)
    """
    budget, starts = count("budget", budget), count("starts", starts, least=0)
    steps, key = count("steps", steps), read_key(key)
    problem = front_problem(
        space,
        workload,
        objectives,
        weights=weights,
        limits=limits,
        buildable=buildable,
        accept_foreign_accuracy=accept_foreign_accuracy,
        technology=technology,
        timing=timing,
    )
    if space.continuous:
        raise InputError(
            f"`{next(iter(space.continuous))}` is continuous, and a front is searched "
            "on a grid: give `interval(low, high, points)`."
        )
    search = FrontSearcher(problem, optimizer, starts=starts, steps=steps)
    with progress_bar(progress, unit="design", total=budget) as bar:
        found = search(key, budget, bar.update)
    return TunedFront(
        as_runs(problem, found.points, search.exact),
        search.exact.evaluations,
        search.gradients,
        tuple(search.history),
    )


def front_problem(
    space: Space,
    workload: WorkloadLike | Sequence[WorkloadLike],
    objectives: Sequence[str],
    *,
    weights: Sequence[float] | None,
    limits: Sequence[str],
    timing: Timing,
    **asked: Any,
) -> Problem:
    """Return the problem of a front; raise `InputError` for what cannot be read."""
    check_space(space)
    check_timing(timing)
    return Problem(
        [str(objective) for objective in read_objectives(objectives)],
        space,
        suite=read_suite(workload, weights),
        subject_to=texts("limits", limits, EXAMPLE),
        timing=timing,
        **asked,
    )


class FrontSearcher:
    """Both searches for one problem, compiled once; each call begins anew."""

    def __init__(
        self,
        problem: Problem,
        optimizer: optax.GradientTransformation | None = None,
        *,
        starts: int,
        steps: int,
    ) -> None:
        self.exact = Exact(problem)
        self._problem = problem
        self._axes = problem.coordinates
        self._starts = starts
        self._descent = Descent(problem, read_optimizer(optimizer), steps=steps)

    def __call__(
        self, key: jax.Array, budget: int, report: Callable[[int], object]
    ) -> Found:
        """Return the front found with at most `budget` evaluations."""
        self.exact.forget()
        self.gradients = 0
        self.history: list[tuple[int, Rows]] = []
        self._looked_around: set[bytes] = set()
        seed = np.asarray(jax.random.key_data(key), np.uint32)
        self._random = np.random.default_rng([*seed, 1])
        front = self._front_of(distinct(self.first_points(key))[:budget], report)
        idle = 0
        while self.exact.evaluations < budget and idle < PATIENCE:
            asked = self._next_points(front, moves=2 + idle)
            left = budget - self.exact.evaluations
            before = self.exact.evaluations
            both = np.concatenate([front.points, asked[:left]])
            front = self._front_of(both, report)
            idle = idle + 1 if self.exact.evaluations == before else 0
        return front

    def first_points(self, key: jax.Array) -> Rows:
        """Return the points that local search begins from."""
        if self._starts == 0:
            return rounded(self._axes, spread(self._axes, WITHOUT_GRADIENTS, key))
        shares = spread(self._axes, self._starts, key)
        objectives = np.ones(len(self._problem.objectives))
        weights = np.asarray(jax.random.dirichlet(key, objectives, (self._starts,)))
        free = np.zeros(len(self._axes), bool)
        path = self._descent(Starts(shares, weights, free))
        self.gradients = path.gradients
        return rounded(self._axes, path.shares[-1])

    def _next_points(self, front: Found, moves: int) -> Rows:
        fresh = [p for p in front.points if p.tobytes() not in self._looked_around]
        if not fresh:
            return random_jumps(
                self._axes, front.points, JUMPS, self._random, moves=moves
            )
        if len(fresh) > LOOKED_AROUND:
            chosen = self._random.choice(len(fresh), LOOKED_AROUND, replace=False)
            fresh = [fresh[i] for i in chosen]
        self._looked_around |= {point.tobytes() for point in fresh}
        asked = neighbours(self._axes, np.stack(fresh))
        new = [point for point in asked if not self.exact.knows(point)]
        return np.stack(new) if new else asked[:0]

    def _front_of(self, points: Rows, report: Callable[[int], object]) -> Found:
        before = self.exact.evaluations
        found = self.exact(distinct(points))
        costs = np.where(found.violation[:, None] == 0, found.costs, np.inf)
        mask = front_mask(costs, keep="all")
        # Before anything feasible is found, what breaks least leads the way.
        front = found.take(mask if mask.any() else found.order()[:LOOKED_AROUND])
        if mask.any():
            self.history.append((self.exact.evaluations, front.costs))
        report(self.exact.evaluations - before)
        return front


def as_runs(problem: Problem, points: Rows, exact: Exact) -> Runs:
    """Return those of some points that are allowed as a table of designs."""
    space = problem.space
    index = problem.coordinates.index(points)
    order = np.argsort(index)
    metrics = exact.answers(points[order])
    runs = with_reasons(
        space, problem.basis, index[order], metrics, problem.limits, exact.evaluations
    )
    wanted = tuple(o for o in problem.objectives if isinstance(o, Objective))
    return replace(runs.take(runs.reason == ""), objectives=wanted)
