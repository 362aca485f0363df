"""Optima of AccelTran's whole space are proven, and are those of enumeration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.proofs.__main__ import prove_small
from benchmarks.tuning.truth import QUESTIONS, load
from dse.tuning.enclosure import Enclosure
from dse.tuning.exact import Exact
from dse.tuning.limit_search import search_along_limits
from dse.tuning.local_search import descend_grid
from dse.tuning.problem import Problem
from dse.tuning.prove import prove
from dse.tuning.tune import ALONG_LIMITS, FINALISTS

MOST = 20_000  # evaluations of a proof


@pytest.mark.parametrize("number", range(4))
def test_an_optimum_is_proven_by_few_evaluations(number: int) -> None:
    """The search begins where tuning's own, without gradients, ends."""
    study, (objective, limits) = load(), QUESTIONS[number]
    problem = Problem(
        [objective],
        study.space,
        suite=study.suite,
        subject_to=limits,
        technology=study.technology,
        timing=study.timing,
    )
    exact, enclosure = Exact(problem), Enclosure(problem)
    ends = [len(axis.values) for axis in problem.coordinates.all]
    points = np.random.default_rng(0).integers(0, ends, (64, len(ends))).astype(float)
    near = search_along_limits(exact, problem.coordinates, points, ALONG_LIMITS)
    finalists = near.take(near.order()[:FINALISTS]).points
    start = descend_grid(exact, problem.coordinates, finalists).take(slice(0, 1))
    found, proof = prove(enclosure, exact, start)
    assert proof.optimal
    assert proof.designs == 35_640_000
    assert proof.evaluations <= MOST
    assert proof.bound == problem.sign * found.costs[0, 0]


@pytest.mark.nightly
def test_forty_questions_drawn_at_random_are_proven_as_enumerated() -> None:
    rows: list[dict[str, Any]] = list(prove_small(count=40, seed=20))
    assert len(rows) == 44
    assert all(row["same"] for row in rows), [row for row in rows if not row["same"]]
