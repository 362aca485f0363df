"""What is true of the whole published design space, checked on random draws of it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.explore.grid import answer_for
from dse.explore.limits import read_limits
from dse.explore.pareto import front_mask
from dse.explore.runs import with_reasons

STUDY = Path(__file__).parents[2] / "studies" / "acceltran_design_space"
DRAWS = 20_000


@pytest.fixture(scope="module")
def study() -> dse.Study:
    return dse.load_study(STUDY)


def draw(study: dse.Study) -> tuple[Any, dict[str, Any]]:
    space = study.space
    index = space.sample(DRAWS, seed=1)
    digits = space.digits(index)
    values = {
        name: space.values(name)[digits[name]].astype(np.float32)
        for name in space.names
    }
    return index, values


def test_the_space_holds_every_legal_design_twice(study: dse.Study) -> None:
    # 17,820,000 designs with square tiles, for each of two main-memory bandwidths.
    assert study.space.size == 2 * 17_820_000


def test_the_roofline_is_never_above_the_walk(study: dse.Study) -> None:
    index, _ = draw(study)
    walk, roofline = (
        replace(study, timing=timing).evaluator()(index)["latency"]
        for timing in ("walk", "roofline")
    )
    assert np.all(roofline <= walk * (1 + 1e-12))


def test_float32_answers_are_within_a_hundred_thousandth_of_float64(
    study: dse.Study,
) -> None:
    index, values = draw(study)
    exact = study.evaluator()(index)
    names = ("throughput", "energy", "area")
    answer = answer_for(
        study.space, study.basis, lambda m: {n: getattr(m, n) for n in names}
    )
    quick = compile_function(answer, study.space.names).rows(values, np.float32)
    for name in names:
        error = np.abs(quick[name].astype(float) / exact[name] - 1)
        assert error.max() < 1e-5


@pytest.fixture(scope="module")
def front(study: dse.Study) -> dse.Runs:
    return study.run(progress=False)


def test_the_answer_is_the_committed_one(front: dse.Runs) -> None:
    expected = tomllib.loads((STUDY / "expected.toml").read_text())
    assert front.evaluated == expected["designs"]
    assert len(front) == expected["on_front"]
    knee = front.knee()
    assert front.index[knee] == expected["knee"]["design"]
    for metric in ("throughput", "energy", "area"):
        found = front.metrics[metric][knee]
        assert found == pytest.approx(expected["knee"][metric], rel=1e-5)


def test_40_larger_machines_than_a_reticle_stand_on_the_front_of_any_size(
    study: dse.Study, front: dse.Runs
) -> None:
    expected = tomllib.loads((STUDY / "expected.toml").read_text())
    every = study.any_design().run(progress=False)
    assert len(every) == expected["on_front_of_any_size"]
    large = every.metrics["area"] > 858e-6
    assert set(every.index[~large]) <= set(front.index)
    assert {str(why) for why in every.cannot_be_built[large]} == {
        "cannot be built: area <= 858 mm^2 (one reticle)"
    }
    assert front.metrics["area"].max() <= 858e-6


def test_memories_as_they_are_sold_make_no_front_of_rram_alone() -> None:
    expected = tomllib.loads((STUDY / "expected.toml").read_text())["memories"]
    found = dse.load_study(STUDY / "memories.toml").run(progress=False)
    assert found.evaluated == expected["designs"]
    assert len(found) == expected["on_front"]
    assert found.index[found.knee()] == expected["knee"]
    assert (found.designs["main_memory"] == "rram").sum() == expected["with_rram"]
    assert (found.metrics["edge_use"] <= 0.6).all()
    assert (found.metrics["area"] <= 858e-6).all()


def test_no_random_design_beats_the_front(study: dse.Study, front: dse.Runs) -> None:
    index, _ = draw(study)
    exact = study.evaluator()(index)
    limits = read_limits(study.limits)
    drawn = with_reasons(study.space, study.basis, index, exact, limits, len(index))
    costs = drawn.costs(front.objectives)
    own = front.costs(front.objectives)
    mask = front_mask(np.concatenate([own, costs]))
    assert mask[: len(own)].all()
    new = index[mask[len(own) :]]
    assert set(new) <= set(front.index)
