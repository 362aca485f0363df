"""Does co-design pay: the committed answer, and why it is small."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import dse
from dse.compile.function import compile_function
from dse.tuning.problem import Problem
from tests.studies.modules import module_of

HERE = Path(__file__).parents[2] / "studies" / "does_codesign_pay"
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text())
FILES = [name for name in EXPECTED if ", " not in name]


@pytest.mark.parametrize("name", EXPECTED)
def test_both_are_better_than_either_by_what_is_stated(name: str) -> None:
    answer = EXPECTED[name]
    better = min(answer["setting"], answer["chip"])
    assert better / answer["both"] == pytest.approx(answer["gain"], rel=1e-4)
    after = answer["in_turn"] / answer["both"]
    assert after == pytest.approx(answer["gain_over_in_turn"], rel=1e-4)
    assert answer["neither"] >= better >= answer["in_turn"] >= answer["both"]


def test_acceltrans_threshold_loses_nothing_and_the_floor_one_point() -> None:
    curve = dse.load_curve("bert-base/sst-2/dynatran")
    assert float(curve.accuracy_drop(0.04)) == pytest.approx(0.0, abs=1e-6)
    assert 0.0099 < float(curve.accuracy_drop(0.0725)) <= 0.01


@pytest.mark.parametrize("name", FILES)
def test_every_engine_with_its_curve_is_tuned_by_rows(name: str) -> None:
    """Not by what JAX compiles, for which a person waits ten times as long."""
    study = dse.load_study(HERE / f"{name}.toml")
    problem = Problem(
        study.objectives,
        study.space,
        suite=study.suite,
        subject_to=study.limits,
        technology=study.technology,
        accept_foreign_accuracy=study.accept_foreign_accuracy,
    )
    names = [axis.name for axis in problem.coordinates.all]
    told = problem.losses_and_excess
    assert compile_function(told, names).as_jax() != told


@pytest.mark.nightly
@pytest.mark.parametrize("name", EXPECTED)
def test_a_run_gives_the_committed_answer(name: str) -> None:
    name, _, told = name.partition(", ")
    study = module_of(HERE.name)
    section = f"{name}, {told}" if told else name
    for what, value in study.answer(name, told=bool(told)).items():
        assert value == pytest.approx(EXPECTED[section][what], rel=1e-4)
