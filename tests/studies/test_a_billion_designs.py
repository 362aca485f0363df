"""The committed answer about a billion designs is what the model gives."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

import dse
from tests.studies.modules import module_of

STUDY = Path(__file__).parents[2] / "studies" / "a_billion_designs"
EXPECTED = tomllib.loads((STUDY / "expected.toml").read_text())
PUBLISHED = tomllib.loads(
    (STUDY.parent / "acceltran_design_space" / "expected.toml").read_text()
)


@pytest.fixture(scope="module")
def study() -> dse.Study:
    return dse.load_study(STUDY)


@pytest.fixture(scope="module")
def published() -> dse.Study:
    return dse.load_study(STUDY.parent / "acceltran_design_space")


def test_the_space_holds_that_of_the_publication(
    study: dse.Study, published: dse.Study
) -> None:
    assert study.space.size == EXPECTED["designs"]
    for name, axis in published.space.axes.items():
        assert set(axis.values) <= set(study.space.axes[name].values)
    assert study.suite[0][0].threshold == published.suite[0][0].threshold


def test_nothing_drawn_at_random_beats_the_knee(study: dse.Study) -> None:
    knee = EXPECTED["knee"]
    drawn = study.space.sample(20_000, seed=1)
    found = study.evaluator()(np.concatenate([[knee["design"]], drawn]))
    for metric in ("throughput", "energy", "area"):
        assert found[metric][0] == pytest.approx(knee[metric], rel=1e-5)
    costs = np.stack([-found["throughput"], found["energy"], found["area"]], axis=1)
    no_worse, better = costs[1:] <= costs[0], costs[1:] < costs[0]
    assert not (no_worse.all(axis=1) & better.any(axis=1)).any()


def test_the_readme_tells_what_is_expected() -> None:
    text = (STUDY / "README.md").read_text()
    knee, against = EXPECTED["knee"], EXPECTED["against_the_published_grid"]
    for said in (
        f"{EXPECTED['designs']:,}",
        f"{EXPECTED['on_front']:,}",
        f"{knee['design']:,}",
        f"{knee['energy'] * 1e3:.2f} mJ",
        f"{knee['area'] * 1e6:.1f} mm²",
        f"{1 - against['energy_ratio']:.0%}".replace("%", " %"),
        f"{1 - against['area_ratio']:.0%}".replace("%", " %"),
        f"{against['still_on_the_front']} of the {PUBLISHED['on_front']}",
    ):
        assert said in text


@pytest.mark.nightly
def test_the_whole_front_is_the_committed_one(
    study: dse.Study, published: dse.Study
) -> None:
    compare = module_of(STUDY.name)
    fine, coarse = (one.run(progress=False) for one in (study, published))
    assert len(fine) == EXPECTED["on_front"]
    assert int(fine.index[fine.knee()]) == EXPECTED["knee"]["design"]
    found = compare.compare(*(f.costs(f.objectives) for f in (coarse, fine)))
    expected = EXPECTED["against_the_published_grid"]
    assert found == pytest.approx(expected, rel=1e-5)
