"""The committed league: STA's best designs, found again among all of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dse.evidence.league import OBJECTIVES, best_of
from dse.evidence.league_families import families

FOLDER = Path(__file__).parents[2] / "studies" / "four_machines_one_budget"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text())
LIMITS = ["area <= 50 mm^2", "accuracy_drop <= 1 %"]


@pytest.mark.nightly
def test_stas_best_designs_are_the_committed_ones() -> None:
    (sta,) = (f for f in families(0.01, "ddr4", 25.6) if f.name == "STA")
    best = best_of(sta, 14.0, LIMITS)
    for place, objective in enumerate(OBJECTIVES):
        found = best.metrics[objective][place]
        assert found == pytest.approx(EXPECTED["ddr4"][f"{objective}_STA"], rel=1e-4)
