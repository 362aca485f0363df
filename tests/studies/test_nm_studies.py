"""What the studies of N:M machines say, asked again of the model."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import jax
import pytest

import dse
from dse.evidence.sta import build_answers

STUDIES = Path(__file__).parents[2] / "studies"


def expected(study: str) -> dict[str, Any]:
    return tomllib.loads((STUDIES / study / "expected.toml").read_text())


def test_the_builds_of_sta_answer_as_the_study_says() -> None:
    answers = jax.jit(build_answers)(dse.load_technology("sta"))
    for name, value in expected("sta_headline").items():
        assert float(answers[name]) == pytest.approx(value, rel=1e-3)


def test_a_setting_gains_what_the_study_says() -> None:
    study = dse.load_study(STUDIES / "which_nm_pays")
    figures = expected("which_nm_pays")
    space = study.space
    assert space.size == figures["designs"]
    for work, _ in study.suite:
        for case in figures["speed_up"][work.name]:
            place = {
                "tile_rows": case["tile_rows"],
                "memory_bandwidth_gb_per_s": case["gb_per_s"],
            }
            sparse, dense = (
                dse.evaluate(
                    space.at(space.index(kept=kept, group=group, **place)), work
                )
                for kept, group in (case["setting"], (1, 1))
            )
            gain = float(dense.latency) / float(sparse.latency)
            assert gain == pytest.approx(case["times"], rel=1e-2)
            assert float(sparse.accuracy_drop) < 0.0125


def test_a_larger_group_keeps_more_accuracy_at_equal_density() -> None:
    machine = dse.NMEngine(built_kept=4, built_group=8)
    drops = {
        (kept, group): float(
            machine.replace(kept=kept, group=group).accuracy.drop(kept, group)
        )
        for kept, group in ((2, 8), (1, 4))
    }
    assert drops[2, 8] < drops[1, 4]
