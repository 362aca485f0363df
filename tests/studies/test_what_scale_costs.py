"""The committed cost of scale: counts are repeated, arithmetic is done again."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from benchmarks.speed.table import short
from tests.studies.modules import module_of

STUDY = Path(__file__).parents[2] / "studies" / "what_scale_costs"
EXPECTED = tomllib.loads((STUDY / "expected.toml").read_text())
MEASURED = EXPECTED["measured"]


@pytest.fixture(scope="module")
def scale() -> Any:
    return module_of(STUDY.name)


@pytest.mark.parametrize("designs", ["1_000_000_000", "1_000_000_000_000"])
def test_the_arithmetic_follows_from_what_was_measured(
    scale: Any, designs: str
) -> None:
    found = scale.extrapolate(MEASURED, int(designs))
    del found["designs"]
    assert found == pytest.approx(EXPECTED[designs], rel=0.05)


def test_the_readme_tells_what_is_expected() -> None:
    text = (STUDY / "README.md").read_text()
    for size in ("1_000_000_000", "1_000_000_000_000"):
        costs = EXPECTED[size]
        assert f"{short(costs['core_hours'])} core-hours" in text
        assert f"{short(costs['merge_seconds'])} s" in text
        assert f"{costs['parts']:,}" in text
    for name in ("rows_per_part", "bytes_per_part", "merged_rows_per_second"):
        assert short(MEASURED[name]) in text


@pytest.mark.nightly
def test_counts_are_repeated_and_rates_are_of_their_size(scale: Any) -> None:
    found = scale.measure()
    assert found["designs_on_front"] == MEASURED["designs_on_front"]
    assert found["rows_per_part"] == pytest.approx(MEASURED["rows_per_part"], rel=0.2)
    for name in ("bytes_per_part", "bytes_per_kept_row"):
        assert found[name] == pytest.approx(MEASURED[name], rel=0.2)
    for name in ("designs_per_core_second", "kept_rows_per_core_second"):
        assert found[name] > MEASURED[name] / 4
