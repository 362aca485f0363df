"""`dse info` and `dse validate`."""

from __future__ import annotations

import csv
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import pytest

from dse.evidence import calibration
from dse.evidence.claims import Claim
from dse.evidence.registry import VALIDATIONS
from dse.shipped import hw_params_folder

Dse = Callable[..., Any]


def test_info_names_versions_the_device_and_the_numbers_by_their_hash(dse: Dse) -> None:
    found = dse("info", "--json").json
    assert found["versions"]["jax"] == jax.__version__
    assert jax.devices()[0].platform in found["device"]
    assert found["dtypes"] == {"answers": "float64", "searches": "float32"}
    file = hw_params_folder() / "acceltran.toml"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert found["hw_params"]["acceltran.toml"] == digest
    assert digest[:12] in dse("info").out


@pytest.fixture
def few_runs(tmp_path: Path) -> Path:
    """The first three of the finished runs, in a file of their own."""
    golden = hw_params_folder() / "reported" / "acceltran_golden.csv"
    with golden.open(newline="") as file:
        rows = list(csv.reader(file))[:4]
    path = tmp_path / "few.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_validate_tells_errors_by_quantity(dse: Dse, few_runs: Path) -> None:
    answer = dse("validate", "acceltran", "--data", few_runs, "--json", "--quiet")
    assert answer.code == 0
    assert answer.err == ""
    quantities = answer.json["quantities"]
    assert {"cycles", "cycles_without_embedding", "energy", "area"} <= set(quantities)
    assert quantities["energy"]["rows"] == 3
    assert set(quantities["energy"]) == {"rows", "mean", "median", "worst", "spearman"}
    assert quantities["area"]["worst"] <= 1e-4


def test_validate_prints_a_table(dse: Dse, few_runs: Path) -> None:
    text = dse("validate", "acceltran", "--data", few_runs).out
    assert "rank correlation" in text
    assert "Among them, self attention runs" in text


def test_runs_that_cannot_be_replayed_make_the_answer_partial(
    dse: Dse, few_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"quantities": {}, "groups": {}, "runs": [], "notes": ["row 2: stuck"]}
    monkeypatch.setattr("dse.evidence.acceltran.validate", lambda *_, **__: found)
    answer = dse("validate", "acceltran", "--json")
    assert answer.code == 3
    assert answer.json == found
    assert answer.err == "row 2: stuck\n"


CLAIM = Claim(
    name="area",
    claimed=4.0,
    unit="mm^2",
    source="fang2022sta",
    where="table 1",
    modelled=5.0,
    low=3.0,
    high=6.0,
)


def test_figures_are_told_with_error_and_interval(
    dse: Dse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dse.evidence.sta.validate", lambda *_, **__: [CLAIM])
    text = dse("validate", "sta").out
    assert "3 to 6" in text
    assert "+25.0%" in text
    text = " ".join(text.split())
    assert "1 figures that nothing was fitted to: median error 25.0%, worst" in text
    assert "1 of 1 intervals hold theirs" in text
    [row] = dse("validate", "sta", "--json").json
    assert row["error"] == 0.25
    assert row["met"] is None
    assert row["held"] is True
    assert row["low"] == 3.0


def test_all_validations_answer_under_their_names(
    dse: Dse, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = {"quantities": {}, "groups": {}, "runs": [], "notes": []}
    for name, validation in VALIDATIONS.items():
        found = runs if validation.compares == "runs" else [CLAIM]
        monkeypatch.setattr(
            f"dse.evidence.{validation.module}.validate",
            lambda *_, found=found, **__: found,
        )
        assert name in dse("validate", "--help").out
    assert set(dse("validate", "--all", "--json").json) == set(VALIDATIONS)
    assert "== scalesim" in dse("validate", "--all").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name one system to validate with, or give one of --all"),
        (("sta", "--all"), "name one system to validate with, or give one of --all"),
        (("--all", "--data", "x.csv"), "--data belongs to one system"),
        (("sta", "--data", "x.csv"), "`sta` takes no --data"),
    ],
)
def test_what_cannot_be_validated_is_said(
    dse: Dse, arguments: tuple[str, ...], message: str
) -> None:
    answer = dse("validate", *arguments)
    assert answer.code == 2
    assert message in answer.err


def test_calibration_tells_what_share_of_rows_intervals_hold(
    dse: Dse, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = functools.cache(calibration.calibrate)  # it takes seconds
    monkeypatch.setattr(calibration, "calibrate", once)
    found = dse("validate", "--calibration", "--json").json
    assert found["all"]["rows"] >= 200
    assert set(found["reference"]["inside"]) == {"50%", "80%", "90%"}
    text = dse("validate", "--calibration").out
    assert "ratios of two machines" in text
    assert "in 90%" in text


def test_learning_wants_a_folder_like_ours_and_nothing_beside(
    dse: Dse, tmp_path: Path
) -> None:
    answer = dse("validate", "--learn", tmp_path)
    assert answer.code == 2
    assert "reported is no folder; make it first" in answer.err
    assert dse("validate", "--calibration", "--all").code == 2
    assert dse("validate", "--calibration", "--data", tmp_path).code == 2
