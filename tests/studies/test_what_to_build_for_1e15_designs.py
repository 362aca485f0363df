"""What to build of 10^15 designs and more: the committed optima, and their proofs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import dse
from dse.explore.limits import read_limits
from tests.studies.modules import module_of

ROOT = Path(__file__).parents[2]
HERE = ROOT / "studies" / "what_to_build_for_1e15_designs"
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
README = (HERE / "README.md").read_text(encoding="utf-8")
ROWS = {
    "generation": "Llama-3.2-1B, a prompt and its answer",
    "all": "MiniLM-L6, a threshold for each layer",
    "one_threshold": "the same, 0.005 in all layers",
    "no_threshold": "the same, none",
    "any_words": "the same, words of any length, as if they lost nothing",
}
FILES = {"all": (HERE, 2.9e17), "generation": (HERE / "generation.toml", 1e15)}


@pytest.mark.parametrize(
    "name", ["all", pytest.param("generation", marks=pytest.mark.nightly)]
)
def test_an_optimum_is_a_design_of_the_space_that_keeps_all_limits(name: str) -> None:
    """And costs what is committed, as an evaluation finds without any bounds."""
    (path, designs), chosen = FILES[name], dict(EXPECTED[name])
    study, wanted = dse.load_study(path), chosen.pop("energy_delay_nj_s")
    assert study.space.size > designs
    places = [axis.values.index(chosen[n]) for n, axis in study.space.axes.items()]
    index = int(np.ravel_multi_index(places, study.space.shape))
    found = study.evaluate_at(index)
    assert 1e9 * float(found.energy_delay) == pytest.approx(wanted, rel=1e-5)
    for limit in read_limits(study.limits):
        if getattr(found, limit.metric, None) is not None:
            assert limit.excess(found) <= 1e-9, str(limit)


def test_freer_choices_are_never_worse() -> None:
    cost = {name: answer["energy_delay_nj_s"] for name, answer in EXPECTED.items()}
    assert cost["any_words"] < cost["all"] < cost["one_threshold"]
    assert cost["one_threshold"] < cost["no_threshold"]


@pytest.mark.parametrize("name", ROWS)
def test_the_readme_tells_what_is_expected(name: str) -> None:
    line = next(x for x in README.splitlines() if x.startswith(f"| {ROWS[name]} |"))
    cost, shape, clock = line.replace("*", "").strip("| ").split(" | ")[1:4]
    answer = EXPECTED[name]
    assert float(cost.replace(",", "")) == pytest.approx(
        answer["energy_delay_nj_s"], rel=2e-3
    )
    assert shape == f"{answer['pes']:g} x {answer['lanes_per_pe']:g}"
    assert float(clock) == answer["clock_mhz"]


@pytest.mark.nightly
def test_the_optima_are_proven_again_and_the_first_is_checked(
    tmp_path: Path,
) -> None:
    study, asked = module_of(HERE.name), dse.load_study(HERE)
    file = tmp_path / "proof.npz"
    found = {"all": study.proven(asked, {}, proof_file=file)}
    for name, held in study.questions(asked, found["all"]).items():
        limits = held.pop("limits", asked.limits)
        found[name] = study.proven(asked, held, limits=limits)
    generation = dse.load_study(HERE / "generation.toml")
    found["generation"] = study.proven(generation, {})
    assert found.keys() == EXPECTED.keys()
    for name, answer in EXPECTED.items():
        told = study.told(found[name])
        for what, value in answer.items():
            exactly = (
                value if isinstance(value, str) else pytest.approx(value, rel=1e-5)
            )
            assert told[what] == exactly, what
    check = ROOT / "benchmarks" / "proofs" / "check.py"
    command = [sys.executable, str(check), str(file)]
    verdict = subprocess.run(command, capture_output=True, text=True).stdout
    assert f"none costs less than {found['all'].objective!r}" in verdict


@pytest.mark.nightly
def test_the_front_is_proven_to_two_per_cent() -> None:
    found = dse.load_study(HERE).prove(0.02, progress=False)
    assert found.proof.reached
    assert found.proof.designs > 2.9e17
