"""The truth of proofs: many questions answered in one pass over a whole space."""

from __future__ import annotations

from typing import Any

import numpy as np

import dse
from benchmarks.tuning.any_questions import GOALS, SAMPLE, draw_limits
from dse.explore.evaluator import Evaluator
from dse.explore.grid import Grid
from dse.explore.limits import Limit, applicable
from dse.explore.objectives import Objective, read_objective
from dse.tuning.exact import LEGAL
from dse.tuning.problem import Problem

BLOCK = 2**18  # designs that are asked about at once
Question = tuple[str, tuple[str, ...]]


def draw_questions(study: dse.Study, count: int, seed: int) -> list[Question]:
    """Draw objectives and limits, whose bounds are quantiles of designs."""
    index = study.space.sample(min(SAMPLE, study.space.size), seed=seed)
    sample, chance = study.evaluator()(index), np.random.default_rng(seed)
    goals = [str(chance.choice(GOALS)) for _ in range(count)]
    return [(goal, tuple(draw_limits(chance, goal, sample))) for goal in goals]


def optima(study: dse.Study, questions: list[Question]) -> list[float]:
    """Return the least cost of all designs that keep the limits; infinite if none."""
    read = [(read_objective(asked[0]), _limits(study, asked)) for asked in questions]
    evaluator = Evaluator(study.space, study.basis)
    known = evaluator.known
    asked = [(goal, applicable(limits, known)) for goal, limits in read]
    metrics = {goal.metric for goal, _ in asked}
    metrics |= {limit.metric for _, limits in asked for limit in limits}
    grid = Grid(study.space, evaluator.metrics(metrics), BLOCK)
    best = [np.inf] * len(asked)
    for number in range(len(grid)):
        found = _Answers(grid.answers(number))
        for which, (goal, limits) in enumerate(asked):
            best[which] = min(best[which], _least(found, goal, limits))
    return best


class _Answers:
    """Arrays over a block by the name of their metric."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.__dict__.update(found)


def _least(found: Any, goal: Objective, limits: tuple[Limit, ...]) -> float:
    cost = goal.cost(found)
    for limit in limits:
        cost = np.where(limit.excess(found) <= LEGAL, cost, np.inf)
    return float(cost.min())


def _limits(study: dse.Study, question: Question) -> list[Limit]:
    """Return the limits of a question, and those of any chip."""
    goal, limits = question
    problem = Problem(
        [goal],
        study.space,
        suite=study.suite,
        subject_to=limits,
        buildable=True,
        technology=study.technology,
        timing=study.timing,
    )
    return problem.limits
