"""The committed league: STA's best designs, found again among all of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dse.evidence.league_families import families
from dse.evidence.league_field import OBJECTIVES, Field

FOLDER = Path(__file__).parents[2] / "studies" / "four_machines_one_budget"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text())
LIMITS = {"area": 50e-6, "accuracy_drop": 0.01}


def test_stas_best_designs_are_the_committed_ones() -> None:
    (sta,) = (f for f in families(0.01, 25.6) if f.name == "STA")
    field = Field(sta, 14.0, draws=2)
    best = field.best(LIMITS)
    for objective in OBJECTIVES:
        found = float(field.luck(best[objective])[objective][0])
        assert found == pytest.approx(EXPECTED["25.6"][f"{objective}_STA"], rel=1e-3)
