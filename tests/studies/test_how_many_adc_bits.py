"""The answer of the study stands, and the machines around it do not reach it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.studies.modules import module_of

STUDY = Path(__file__).parents[2] / "studies" / "how_many_adc_bits"
EXPECTED: dict[str, Any] = tomllib.loads((STUDY / "expected.toml").read_text())


@pytest.fixture(scope="module")
def study() -> ModuleType:
    return module_of(STUDY.name)


@pytest.mark.parametrize("law", EXPECTED["least_energy"])
def test_the_best_machine_of_a_law_beats_its_neighbours(
    study: ModuleType, law: str
) -> None:
    best = EXPECTED["least_energy"][law]
    cells, rows = best["bits_per_cell"], best["array_rows"]
    found = study.evaluate(law, cells, rows)
    assert found["adc_bits"] == best["adc_bits"]
    assert found["energy_mj"] == pytest.approx(best["energy_mj"], rel=1e-4)
    others = [(c, rows) for c in study.CELL_BITS] + [(cells, r) for r in study.ROWS]
    for c, r in others:
        assert study.evaluate(law, c, r)["energy_mj"] >= found["energy_mj"] * (1 - 1e-9)


def test_precision_is_the_expected_one(study: ModuleType) -> None:
    for bits, ratio in EXPECTED["decibels"].items():
        assert study.decibels(0.0, 2, int(bits)) == pytest.approx(ratio, abs=0.01)
    noisy = EXPECTED["decibels_with_1_percent_read_noise"]
    for cell_bits, ratio in noisy.items():
        found = study.decibels(0.01, int(cell_bits), 8)
        assert found == pytest.approx(ratio, abs=0.05)
