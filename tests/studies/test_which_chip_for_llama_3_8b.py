"""The committed answer to which chip is for Llama-3-8B."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from tests.studies.modules import module_of

STUDY = Path(__file__).parents[2] / "studies" / "which_chip_for_llama_3_8b"
EXPECTED = tomllib.loads((STUDY / "expected.toml").read_text())
README = (STUDY / "README.md").read_text()
ROWS = {  # as the tables of the answer have them
    "tile": "tile",
    "N:M": "N:M, dense",
    "filter": "filter, all pairs",
    "tile, half": "tile, half zeros",
    "N:M, 2:4": "N:M, 2:4",
    "filter, quarter": "filter, a quarter",
}


@pytest.mark.parametrize("family", ROWS)
def test_the_readme_tells_what_is_expected(family: str) -> None:
    best, sure = (
        line.replace("*", "").strip("| ").split(" | ")[1:]
        for line in README.splitlines()
        if line.startswith(f"| {ROWS[family]} |")
    )
    told, first = [], []
    for area in ("50", "100"):
        of_area = EXPECTED[area]
        fast = f"{family}, fast: "
        told += [f"{of_area[fast + 'tokens_per_s']:.1f}"]
        told += [f"{of_area[fast + 'first_token_ms']:.0f}"]
        told += [f"{of_area[fast + 'each_token_ms']:.1f}"]
        told += [f"{of_area[fast + 'mj_per_token']:.0f}"]
    for which in ("fast", "frugal"):
        for area in ("50", "100"):
            first += [f"{EXPECTED[area][f'{family}, {which}: first']:.0%}"]
    assert best == told
    assert [each.replace(" %", "%") for each in sure] == first


@pytest.mark.parametrize("area", ["50", "100"])
def test_of_each_kind_one_is_first_in_every_draw(area: str) -> None:
    for which in ("fast", "frugal"):
        for kind in (("tile", "N:M", "filter"), tuple(ROWS)[3:]):
            shares = [EXPECTED[area][f"{name}, {which}: first"] for name in kind]
            assert sum(shares) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.nightly
def test_the_fronts_of_50_mm2_are_found_again() -> None:
    study = module_of(STUDY.name)
    for family in study.families():
        found = study.best_of(study.front(family, 50))
        assert not any(found.reason)
        for row, which in enumerate(("fast", "frugal")):
            for word, (metric, scale) in study.SHOWN.items():
                value = scale * float(np.ravel(found.metrics[metric])[row])
                wanted = EXPECTED["50"][f"{family.name}, {which}: {word}"]
                assert value == pytest.approx(wanted, rel=1e-4), family.name
