"""What is proven of a space is what asking every design of it finds."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from benchmarks.proofs.large import CASES
from dse.compile.function import compile_function
from dse.errors import InputError
from dse.tuning import halving
from dse.tuning.columns import Column
from dse.tuning.enclosure import Boxes, Enclosure
from dse.tuning.exact import Exact, Found
from dse.tuning.problem import Problem
from dse.tuning.proof import Proof
from dse.tuning.prove import prove
from dse.tuning.tune import tune

EDGE = dse.TileEngine.edge()
TINY = dse.transformer("bert-tiny", seq_len=32)
SPACE = dse.Space(
    EDGE,
    pes=[32, 64, 128, 256],
    lanes_per_pe=[8, 16, 32],
    tile_size=[8, 16],
    batch=[1, 4, 16],
    main_memory=["ddr4", "hbm2", "rram"],
    activation_buffer_mib=[1, 4, 16],
    issue_batch=dse.tied("pes / 8"),
    legal={"no more lanes than PEs": "lanes_per_pe * 4 <= pes"},
)
QUESTIONS = [
    ("min:energy_delay", ["area <= 30 mm^2"]),
    ("max:throughput", ["power <= 3 W", "area <= 60 mm^2"]),
    ("min:area", ["throughput >= 100000 seq/s"]),
    ("min:power", ["latency <= 200 us"]),
    ("min:energy", ["area <= 1 mm^2"]),  # which none is
]


def every_design(problem: Problem) -> Found:
    """Ask the exact model about all designs, by its first of all readers."""
    sizes = [len(axis.values) for axis in problem.coordinates.all]
    points = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)
    return Exact(problem)(points.astype(float))


@pytest.mark.parametrize(("objective", "limits"), QUESTIONS)
def test_a_proof_from_any_start_ends_at_the_best_of_all(
    objective: str, limits: list[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr(halving, "BATCH", 4)
    problem = Problem([objective], SPACE, suite=[(TINY, 1.0)], subject_to=limits)
    every = every_design(problem)
    best = every.take(every.order()[:1])
    enclosure = Enclosure(problem)
    for start in (0, 17, SPACE.size - 1):
        found, proof = prove(enclosure, Exact(problem), every.take([start]))
        assert proof.optimal
        assert proof.left == 0.0
        assert proof.designs == SPACE.size
        assert proof.feasible == (best.violation[0] == 0.0)
        if proof.feasible:
            assert found.violation[0] == 0.0
            assert found.costs[0, 0] == best.costs[0, 0]
            assert proof.bound == problem.sign * best.costs[0, 0]
            assert "Proven optimal of 648 designs" in str(proof)
        else:
            assert "none of 648 designs keeps all limits" in str(proof)


def test_no_design_lies_below_the_bound_of_a_box_that_holds_it() -> None:
    limits = ["power <= 3 W", "area <= 60 mm^2"]
    problem = Problem(
        ["min:energy_delay"], SPACE, suite=[(TINY, 1.0)], subject_to=limits
    )
    every, chance = every_design(problem), np.random.default_rng(0)
    cost = np.where(every.violation == 0, every.costs[:, 0], np.inf)
    ends = np.asarray([len(axis.values) for axis in problem.coordinates.all])
    pairs = np.sort(chance.integers(0, ends, (2, 200, len(ends))), axis=0)
    boxes = Boxes(*pairs.astype(np.int32))
    told = Enclosure(problem)(boxes)
    bounds = np.where(told.allowed, told.costs[0], np.inf)
    for box, bound in enumerate(bounds):
        inside = (every.points >= pairs[0, box]) & (every.points <= pairs[1, box])
        assert bound <= cost[inside.all(axis=1)].min()
    assert np.isinf(bounds).any()
    assert np.isfinite(bounds).any()


def test_halves_and_points_of_boxes_are_all_of_them() -> None:
    boxes = Boxes(np.asarray([[0, 1], [4, 2]]), np.asarray([[2, 4], [5, 2]]))
    halves = boxes.halves(np.asarray([1, 0]))
    assert halves.sizes.sum() == boxes.sizes.sum() == 14
    points = {tuple(point) for point in halves.points()}
    assert points == {tuple(point) for point in boxes.points()}
    assert len(points) == 14


def test_a_second_program_finds_a_proof_right_and_a_wrong_one_wrong(
    tmp_path: Path,
) -> None:
    goal, limits = QUESTIONS[0]
    problem = Problem([goal], SPACE, suite=[(TINY, 1.0)], subject_to=limits)
    exact, file = Exact(problem), tmp_path / "proof.npz"
    start = exact(np.zeros((1, len(problem.coordinates))))
    found, _ = prove(Enclosure(problem, plain=True), exact, start, file=file)

    def verdict() -> str:
        script = Path(__file__).parents[2] / "benchmarks" / "proofs" / "check.py"
        told = subprocess.run(
            [sys.executable, str(script), str(file)], capture_output=True, text=True
        )
        return told.stdout + told.stderr

    assert f"none costs less than {float(found.costs[0, 0])!r}" in verdict()
    with np.load(file) as kept:
        first, last, text = kept["first"], kept["last"], bytes(kept["told"])
    claim = json.loads(text)
    data = np.frombuffer(
        json.dumps(claim | {"front": [[1.01 * claim["front"][0][0]]]}).encode(),
        np.uint8,
    )
    np.savez(file, told=data, first=first, last=last)
    assert "NOT PROVEN: a box may hold a better design" in verdict()
    for rows in (slice(1, None), [0, *range(len(first))]):  # one missing, one twice
        data = np.frombuffer(text, np.uint8)
        np.savez(file, told=data, first=first[rows], last=last[rows])
        assert "NOT PROVEN: the boxes are not the whole space" in verdict()


SIZES = ("pes", "lanes_per_pe", "softmax_units_per_pe", "tile_size")


def bowl(design: Any) -> Any:
    pes, lanes = jnp.log(design.pes), jnp.log(design.lanes_per_pe)
    return (pes + lanes - np.log(6000)) ** 2 + 0.1 * (pes - np.log(200)) ** 2 + 1.0


LARGE = dse.Space(EDGE, pes=dse.integers(16, 1015), lanes_per_pe=dse.integers(1, 1000))


def test_a_column_knows_its_ends_between_any_positions() -> None:
    chance = np.random.default_rng(0)
    wild = chance.normal(size=37)
    for column in (wild, np.sort(wild), np.sort(wild)[::-1], wild[:1]):
        last = len(column) - 1
        first, last = np.sort(chance.integers(0, last, (2, 200), endpoint=True), axis=0)
        low, high = Column(0, column, column + 1.0).within(first, last)
        for ends in zip(first, last, low, high, strict=True):
            part = column[ends[0] : ends[1] + 1]
            assert ends[2:] == (part.min(), part.max() + 1.0)


def test_a_proof_improves_what_it_finds_to_the_end() -> None:
    """One design is allowed where the middle of a box is; the best is found from it."""
    problem = Problem([bowl], LARGE, subject_to=[lambda d: 100.0 - d.pes])
    exact = Exact(problem)
    start = exact(np.asarray([[0.0, 0.0]]))
    best, proof = prove(Enclosure(problem), exact, start)
    assert proof.optimal
    assert best.violation[0] == 0.0
    assert proof.evaluations < LARGE.size / 50


def test_tuning_does_not_end_where_nothing_is_known() -> None:
    """Less is cheaper on every axis, and below the edge nobody knows what it loses."""
    least = {n: EDGE.number(n) for n in (*SIZES, "integer_bits", "fraction_bits")}

    def lost(design: Any) -> Any:
        known = jnp.stack([design.number(n) >= low for n, low in least.items()])
        return jnp.where(known.all(), -1.0, jnp.nan)

    def cost(design: Any) -> Any:
        return sum(jnp.log(design.number(n)) for n in least)

    axes = {n: dse.integers(1, int(2 * low)) for n, low in least.items()}
    space, exactly = dse.Space(EDGE, **axes), {"prove": True, "progress": False}
    found = tune(cost, space, subject_to=[lost], starts=2, steps=60, **exactly)
    assert found.feasible
    assert found.values == least
    assert found.evaluations < 2_000
    assert found.proof is not None
    assert found.proof.optimal


def test_a_gap_ends_a_proof_and_is_kept() -> None:
    problem = Problem([bowl], LARGE)
    enclosure, exact = Enclosure(problem), Exact(problem)
    best, whole = prove(enclosure, exact, exact(np.asarray([[0.0, 0.0]])))
    assert whole.optimal
    assert whole.evaluations < LARGE.size / 50
    cost = best.costs[0, 0]
    close = exact(best.points + np.asarray([[0.0, 40.0]]))
    found, proof = prove(enclosure, Exact(problem), close, gap=0.05)
    assert proof.evaluations < whole.evaluations
    assert 0.0 < proof.gap <= 0.05
    assert proof.bound is not None
    assert proof.bound <= cost < found.costs[0, 0] <= proof.bound * 1.06
    assert f"Proven within {100 * proof.gap:.2g} %" in str(proof)


def test_a_proof_ends_in_time_and_says_how_far_it_came() -> None:
    problem, told = Problem([bowl], LARGE), list[Proof]()
    start = Exact(problem)(np.asarray([[0.0, 0.0]]))
    _, proof = prove(
        Enclosure(problem), Exact(problem), start, seconds=1e-9, tell=told.append
    )
    assert len(told) == 1  # the last word
    assert not proof.optimal
    assert 0.0 < proof.left <= LARGE.size
    assert "designs left" in told[0].progress


def test_tune_proves_what_it_finds() -> None:
    found = tune(bowl, LARGE, starts=4, steps=20, prove=True, progress=False)
    assert found.proof is not None
    assert found.proof.optimal
    assert found.objective == found.proof.bound
    assert found.to_json()["proof"]["optimal"] is True
    assert tune(bowl, LARGE, starts=4, steps=5, progress=False).proof is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"gap": -0.1}, "`gap` is -0.1"),
        ({"gap": "1 %"}, "`gap` takes a number, got '1 %'"),
        ({"prove": True, "prove_seconds": 0.0}, "`prove_seconds` is 0"),
    ],
)
def test_what_no_proof_can_end_by_is_refused(given: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        tune(bowl, LARGE, starts=2, steps=2, progress=False, **given)


def test_what_cannot_be_proven_is_said_before_tuning() -> None:
    space = dse.Space(EDGE, clock_mhz=dse.continuous(100, 2000), pes=[16, 64])
    with pytest.raises(InputError, match="`clock_mhz` is continuous"):
        tune(lambda d: d.clock_mhz + d.pes, space, prove=True, progress=False)

    def sorts(design: Any) -> Any:
        return jax.lax.sort(jnp.stack([design.pes, design.lanes_per_pe]))[0]

    with pytest.raises(InputError, match="nothing can be proven of this model"):
        tune(sorts, LARGE, prove=True, progress=False)


@pytest.mark.parametrize(
    "name", ["filter", *(pytest.param(n, marks=pytest.mark.nightly) for n in ("nm",))]
)
def test_a_proof_of_more_designs_than_can_be_counted_is_checked(
    name: str, tmp_path: Path
) -> None:
    case = CASES[name]()
    problem = Problem(
        [case.objective],
        case.space,
        suite=case.suite,
        subject_to=case.limits,
        accept_foreign_accuracy=True,
    )
    exact, file = Exact(problem), tmp_path / "proof.npz"
    start = exact(np.zeros((1, len(problem.coordinates))))
    found, proof = prove(Enclosure(problem, plain=True), exact, start, file=file)
    assert proof.optimal
    assert proof.designs > 1e15
    script = Path(__file__).parents[2] / "benchmarks" / "proofs" / "check.py"
    told = subprocess.run(
        [sys.executable, str(script), str(file)], capture_output=True, text=True
    )
    assert f"none costs less than {float(found.costs[0, 0])!r}" in told.stdout


def asked_of(problem: Problem, moved: Any) -> Any:
    """Return what a proof bounds of a design: costs, and what breaks limits."""
    found = problem.answer(moved)
    return [problem.costs(found), problem.excess(found)]


def test_the_second_program_knows_every_operation_of_the_engines() -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "proofs" / "check.py"
    known = runpy.run_path(str(script))["RULES"].keys() | {"input", "constant", "ne"}
    known |= {"convert_element_type"}  # which the file calls by what it does
    for case in CASES.values():
        space, suite, goal, limits = case()
        problem = Problem(
            [goal],
            space,
            suite=suite,
            subject_to=limits,
            accept_foreign_accuracy=True,
        )
        function = compile_function(
            partial(asked_of, problem), [a.name for a in problem.coordinates.all]
        )
        assert function.count().keys() <= known
