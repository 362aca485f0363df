"""A proven front comes near every design of a space, as asking all of them finds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dse
from benchmarks.proofs.large import CASES
from benchmarks.tuning.truth import load
from dse.errors import InputError
from dse.tuning.cover import SPARE, Cover, logarithms
from dse.tuning.enclosure import Enclosure
from dse.tuning.exact import Exact
from dse.tuning.problem import Problem
from dse.tuning.proof import FrontProof
from dse.tuning.prove_front import prove_front
from tests.tuning.test_prove import SPACE, TINY, every_design

THREE = ["max:throughput", "min:energy", "min:area"]
TWO = ["min:latency", "min:power"]
CHECK = Path(__file__).parents[2] / "benchmarks" / "proofs" / "check.py"


def near(front: Any, costs: Any, gap: float) -> Any:
    """Say which costs some row of a front comes within a factor of 1 + gap of."""
    factors = np.where(costs > 0.0, 1.0 + gap, 1.0 / (1.0 + gap))
    enough = costs * factors + 1e-9 * np.abs(costs)
    return np.asarray([(front <= row).all(axis=1).any() for row in enough])


def asked(objectives: list[str], limits: list[str]) -> Problem:
    return Problem(objectives, SPACE, suite=[(TINY, 1.0)], subject_to=limits)


@pytest.mark.parametrize("objectives", [TWO, THREE])
@pytest.mark.parametrize("gap", [0.001, 0.1])
@pytest.mark.parametrize("limit", ["area <= 100 mm^2", "area <= 1 mm^2"])
def test_a_front_proven_from_any_start_comes_near_every_design(
    objectives: list[str], gap: float, limit: str
) -> None:
    problem = asked(objectives, [limit])
    every = every_design(problem)
    enclosure = Enclosure(problem)
    for start in (np.zeros((0, 6)), every.points[[3]], every.points[::50]):
        exact = Exact(problem)
        points, proof = prove_front(enclosure, exact, start, gap=gap)
        assert proof.reached
        assert proof.left == 0.0
        assert proof.designs == SPACE.size
        assert proof.points == len(points)
        allowed = every.costs[every.violation == 0]
        if not len(allowed):
            assert "none of 648 designs keeps all limits" in str(proof)
            continue
        found = exact(points)
        assert np.all(found.violation == 0)
        assert near(found.costs, allowed, gap).all()


def test_a_front_that_is_ended_says_how_far_designs_may_lie_beyond() -> None:
    problem = asked(THREE, ["area <= 100 mm^2"])
    every, told = every_design(problem), list[FrontProof]()
    exact, enclosure = Exact(problem), Enclosure(problem)
    points, proof = prove_front(
        enclosure, exact, every.points[:1], gap=1e-4, seconds=1e-9, tell=told.append
    )
    assert told
    assert proof.left > 0.0
    assert not proof.reached
    costs = every.costs[every.violation == 0]
    found = exact(points).costs
    if np.isfinite(proof.gap):
        assert near(found, costs, proof.gap).all()
    assert str(proof)
    assert proof.to_json()["reached"] is False


def test_a_second_program_checks_a_front(tmp_path: Path) -> None:
    file = tmp_path / "front.npz"
    limits = ["area <= 100 mm^2"]
    found = dse.pareto_proof(
        SPACE, TINY, gap=0.2, limits=limits, proof_file=file, budget=50, progress=False
    )
    assert found.proof.reached
    assert found.proof.points > 1
    assert len(found.front) == found.proof.points

    def verdict() -> str:
        command = [sys.executable, str(CHECK), str(file)]
        told = subprocess.run(command, capture_output=True, text=True)
        return told.stdout + told.stderr

    count = found.proof.points
    assert f"none lies beyond a front of {count} by more than 20 %" in verdict()
    with np.load(file) as kept:
        parts = dict(kept)
    claim = json.loads(bytes(parts["told"]))
    for wrong in ({"gap": 0.0}, {"front": []}):
        text = json.dumps(claim | wrong).encode()
        np.savez(file, **parts | {"told": np.frombuffer(text, np.uint8)})
        assert "NOT PROVEN: a box may hold a better design" in verdict()


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_a_map_covers_what_some_design_comes_near_and_nothing_else(
    objectives: int,
) -> None:
    chance = np.random.default_rng(objectives)
    logs = chance.uniform(-3.0, 3.0, (objectives, 200))
    asked = chance.uniform(-3.5, 3.5, (objectives, 2000))
    logs[0, :5], asked[0, :5] = -np.inf, -np.inf
    cover, room = Cover(logs, 0.05), np.log1p(0.05)
    truly = (logs[:, None, :] <= asked[:, :, None] + room).all(axis=0).any(axis=1)
    surely = (logs[:, None, :] <= asked[:, :, None] + 0.75 * room).all(axis=0)
    covered = cover.covers(asked)
    assert not np.any(covered & ~truly)
    assert np.all(covered[surely.any(axis=1)])
    assert 0 < covered.sum() < len(covered)
    lag = np.log1p(cover.lag(asked[:, 5:]))
    needed = (logs[:, None, :] - asked[:, 5:, None]).max(axis=0).min(axis=1).max()
    assert needed - SPARE <= lag <= needed + 0.25 * room + 1e-3 * lag


def test_a_front_of_nothing_covers_nothing() -> None:
    cover = Cover(np.zeros((3, 0)), 0.01)
    assert not cover.covers(np.ones((3, 4))).any()
    assert cover.lag(np.ones((3, 4))) == np.inf


def test_logarithms_of_costs_rise_with_them() -> None:
    costs = np.asarray([[-5.0, -1.0, 0.0], [0.0, 1.0, 5.0]])
    logs = logarithms(costs, np.asarray([True, False]))
    assert np.all(np.diff(logs, axis=1) > 0.0)
    assert logs[1, 0] == -np.inf


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"gap": 0.0}, "`gap` is 0; give a share above 0"),
        ({"gap": -1.0}, "`gap` is -1"),
        ({"objectives": ["min:energy"]}, "a front has two objectives or more"),
        ({"prove_seconds": 0.0}, "`prove_seconds` is 0"),
        ({"proof_file": "no/such/folder/proof.npz"}, "no proof can be written here"),
    ],
)
def test_what_is_no_such_question_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        dse.pareto_proof(SPACE, TINY, progress=False, **wrong)


@pytest.mark.nightly
def test_no_design_of_the_true_front_lies_beyond_a_proven_one() -> None:
    """Of AccelTran's whole space, where enumeration is truth."""
    study = load()
    truth = study.run(progress=False)
    found = study.prove(0.02, progress=False)
    assert found.proof.reached
    front = found.front.costs(truth.objectives)
    assert near(front, truth.costs(truth.objectives), 0.02).all()


@pytest.mark.nightly
@pytest.mark.parametrize("name", CASES)
def test_fronts_of_spaces_too_large_to_enumerate_are_proven(name: str) -> None:
    """And no design that another search finds lies beyond them."""
    case = CASES[name]()
    suite, weights = zip(*case.suite, strict=True)
    basis: dict[str, Any] = {
        "weights": weights,
        "limits": case.limits,
        "accept_foreign_accuracy": True,
        "progress": False,
    }
    found = dse.pareto_proof(case.space, suite, gap=0.02, **basis)
    assert found.proof.reached
    other = dse.tune_front(case.space, suite, budget=40_000, **basis).front
    costs = other.costs(found.front.objectives)
    assert near(found.front.costs(found.front.objectives), costs, 0.02).all()
