"""What the golden runs of AccelTran's simulator show of this package."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import dse
from dse.evidence.acceltran import validate
from dse.shipped import hw_params_folder

GOLDEN = hw_params_folder() / "reported" / "acceltran_golden.csv"
# The simulator loses stores of models with three heads or more; see the replay.
LOSES_STORES = ("energy_activation_buffer_dynamic",)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return validate(progress=False)


@pytest.fixture(scope="module")
def plain(report: dict[str, Any]) -> dict[str, Any]:
    return report["groups"]["self_attention"]


def test_every_golden_run_is_compared(report: dict[str, Any]) -> None:
    assert report["quantities"]["cycles"]["rows"] == 92
    assert report["notes"] == []


def test_replayed_cycles_are_exact(report: dict[str, Any]) -> None:
    for name in ("cycles", "cycles_without_embedding"):
        assert report["quantities"][name]["worst"] == 0.0


def test_the_walk_under_the_simulators_conventions_is_near(
    report: dict[str, Any],
) -> None:
    groups = report["groups"]
    assert groups["self_attention"]["cycles_walk"]["mean"] <= 0.02
    assert groups["self_attention"]["cycles_walk"]["worst"] <= 0.15
    assert groups["heterogeneous"]["cycles_walk"]["mean"] <= 0.05
    assert report["quantities"]["cycles_walk"]["spearman"] >= 0.999


def test_total_energy_is_within_a_tenth_of_a_percent(plain: dict[str, Any]) -> None:
    assert plain["energy"]["worst"] <= 1e-3


def test_every_energy_component_is_within_a_tenth_of_a_percent(
    plain: dict[str, Any],
) -> None:
    components = [n for n in plain if n.startswith("energy_") and n not in LOSES_STORES]
    assert len(components) == 11
    assert {n: plain[n]["worst"] for n in components if plain[n]["worst"] > 1e-3} == {}


def test_every_area_is_exact(report: dict[str, Any]) -> None:
    areas = [n for n in report["quantities"] if n.startswith("area")]
    assert len(areas) == 12
    assert max(report["quantities"][n]["worst"] for n in areas) <= 1e-4


def test_other_kinds_of_heads_are_within_five_percent(report: dict[str, Any]) -> None:
    other = report["groups"]["heterogeneous"]
    assert other["cycles"]["mean"] <= 0.05
    assert other["energy"]["mean"] <= 0.05


def test_rankings_are_kept(report: dict[str, Any]) -> None:
    for name in ("cycles", "energy"):
        assert report["quantities"][name]["spearman"] >= 0.999


def write_rows(path: Path, change: dict[str, str]) -> Path:
    with open(GOLDEN, newline="") as file:
        row = next(csv.DictReader(file))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        writer.writeheader()
        writer.writerow(row | change)
    return path


def test_another_table_of_runs_is_judged_by_its_own_claims(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "more.csv", {"out_cycles": "100000"})
    cycles = validate(table, progress=False)["quantities"]["cycles"]
    assert cycles["rows"] == 1
    assert cycles["worst"] > 0.01


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pe": "many"}, "`pe`"),
        ({"out_cycles": "fast"}, "`out_cycles`"),
        ({"mem_type": "flash"}, "flash_32_2_1"),
        ({"mem_mode": "mb"}, "`mem_mode`"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, change: dict[str, str], said: str) -> None:
    table = write_rows(tmp_path / "runs.csv", change)
    with pytest.raises(dse.InputError, match="line 2") as error:
        validate(table, progress=False)
    assert said in str(error.value)
