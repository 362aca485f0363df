"""Energon's row of SOFA's comparison, and what nothing was fitted to."""

from __future__ import annotations

import csv

import pytest

from dse.engines.filter.engine import FilterEngine
from dse.evidence.energon import own_row
from dse.evidence.energon_answers import energon_row, kept_for
from dse.hardware.parameters import load_parameters
from dse.hardware.technology import load_technology
from dse.shipped import hw_params_folder

TABLE = hw_params_folder() / "reported" / "sofa_table.csv"
ROWS = {row["design"]: row for row in csv.DictReader(TABLE.read_text().splitlines())}
SAVED = 0.77


def test_net_savings_leave_a_fifth_of_the_pairs() -> None:
    # 0.77 = 1 - kept - (1 + 0.42) * 4 * 2 / (2 * 16^2)
    machine = FilterEngine.energon_edge()
    assert float(kept_for(machine, SAVED, 0.42)) == pytest.approx(0.23 - 0.0221875)


def test_the_fitted_utilization_gives_the_published_rate() -> None:
    found = energon_row(load_technology("energon"), SAVED)
    assert float(found["gops"]) == pytest.approx(1153, rel=1e-4)


def test_energons_row_lies_inside_the_interval_and_its_io_share_within_3_points() -> (
    None
):
    claims = {c.name: c for c in own_row(ROWS["Energon"], load_parameters("energon"))}
    for what in ("throughput", "area", "core power", "I/O power, port saturated"):
        assert claims[f"Energon, {what}"].held
    assert [c.name for c in claims.values() if c.fitted] == ["Energon, throughput"]
    share = claims["Energon, I/O share of power, port saturated"]
    assert share.modelled == pytest.approx(share.claimed, abs=0.03)
    assert claims["Energon, I/O power, port saturated"].reason  # it proves little
