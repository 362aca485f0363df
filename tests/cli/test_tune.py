"""`dse tune`: the best machine of a study within limits, or what stands in the way."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dse as package
from dse.tuning import prove

Dse = Callable[..., Any]
FEW = ("--starts", "4", "--steps", "10")


def test_the_best_of_eight_machines_within_an_area(dse: Dse, study: Path) -> None:
    asked = package.load_study(study)
    runs = package.sweep(
        asked.space, asked.suite[0][0], technology=asked.technology, progress=False
    ).limited("area <= 60 mm^2")
    allowed = runs.metrics["throughput"][runs.reason == ""]
    answer = dse(
        "tune", study, "--max", "throughput", "--area", "60 mm2", *FEW, "--json"
    )
    assert answer.code == 0
    told = answer.json
    assert told["limits"] == ["buildable", "area <= 60 mm2"]
    assert told["hash"] == asked.hash
    (run,) = told["workloads"]
    assert (run["name"], run["mode"]) == ("bert-tiny", "prefill")
    assert run["activation_density"] == 0.5
    assert "batch" not in run  # an axis: `values` says it
    assert told["technology"]["name"] == "acceltran"
    assert told["feasible"]
    assert told["objective"] == pytest.approx(allowed.max(), rel=1e-9)
    assert told["metrics"]["area_mm2"] <= 60
    assert told["evaluations"] <= 8 + 4


def test_limits_that_nothing_keeps_are_named_with_exit_code_3(
    dse: Dse, study: Path
) -> None:
    answer = dse("tune", study, "--min", "energy", "--power", "1 W", *FEW)
    assert answer.code == 3
    assert "No feasible design was found: `power <= 1 W` is broken by" in answer.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "say either --max METRIC or --min METRIC"),
        (("--max", "throughput", "--min", "area"), "say either"),
        (("--max", "speed"), "`speed` is not a metric"),
        (("--max", "throughput", "--area", "50 W"), "is power; give area"),
        (("--max", "throughput", "--latency", "20"), "write '20 s' or '20 ms'"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    dse: Dse, study: Path, arguments: tuple[str, ...], told: str
) -> None:
    answer = dse("tune", study, *arguments)
    assert answer.code == 2
    assert told in answer.err


def test_an_optimum_is_proven_and_the_proof_written(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    file = tmp_path / "proof.npz"
    asked = ("tune", study, "--max", "throughput", "--area", "60 mm2", *FEW)
    told = dse(*asked, "--prove", "--proof-file", file, "--json").json
    assert told["proof"]["optimal"]
    assert told["proof"]["bound"] == told["objective"]
    assert file.is_file()
    answer = dse("tune", study, "--min", "energy", "--power", "1 W", *FEW, "--prove")
    assert answer.code == 3
    assert "designs keeps all limits" in answer.out


def test_a_proof_that_is_interrupted_tells_its_answer_and_how_to_go_on(
    dse: Dse, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, file = prove._Search.step, tmp_path / "proof.npz"
    text = (study / "study.toml").read_text()
    for axis in ("[64, 128]", "[8, 16]"):  # enough for a second step
        text = text.replace(axis, "[8, 16, 32, 64, 128]")
    (study / "study.toml").write_text(text)

    def interrupted(search: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        step(search)

    asked = ("tune", study, "--min", "energy", *FEW, "--prove")
    with monkeypatch.context() as patched:
        patched.setattr(prove._Search, "step", interrupted)
        answer = dse(*asked, "--proof-file", file)
    assert answer.code == 130
    assert "then interrupted." in " ".join(answer.out.split())
    assert answer.err.endswith(f"Interrupted; go on with --proof-from {file}.\n")
    answer = dse(*asked, "--proof-from", file)
    assert answer.code == 0
    assert "Proven optimal of 50 designs" in answer.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--gap", "1"), "has no unit"),
        (("--gap", "-1 %"), "`gap` is -0.01"),
        (("--prove", "--prove-seconds", "0"), "`prove_seconds` is 0"),
        (("--proof-file", "nowhere/proof.npz"), "nowhere is no folder; make it first"),
        (("--proof-from", "nowhere/proof.npz"), "there is no such file"),
        (("--shard", "3/2"), "write which of how many"),
    ],
)
def test_a_proof_that_cannot_be_had_is_refused_at_once(
    dse: Dse, study: Path, arguments: tuple[str, ...], told: str
) -> None:
    answer = dse("tune", study, "--min", "energy", *arguments)
    assert answer.code == 2
    assert told in answer.err


def test_accuracy_that_is_not_known_cannot_be_limited(dse: Dse, study: Path) -> None:
    answer = dse("tune", study, "--min", "energy", "--accuracy-drop", "1 %", *FEW)
    assert answer.code == 2
    assert "not known here" in answer.err


def test_what_to_find_out_next_is_what_would_change_the_choice(
    dse: Dse, study: Path
) -> None:
    """Among the best design and those a step beside it that keep the limits."""
    asked = ("tune", study, "--max", "throughput", "--area", "60 mm2", *FEW, "--next")
    told = dse(*asked, "--json").json["next"]
    assert told
    assert all(
        0.0 <= row["changes"] <= 1.0 <= 1.0 + row["gain"] for row in told.values()
    )
    assert "one step beside it" in dse(*asked).out


def test_the_best_machine_has_a_bar_of_what_the_model_is_off_by(
    dse: Dse, study: Path
) -> None:
    out = dse("tune", study, "--max", "throughput", *FEW).out
    assert "90%, by the model" in out
    (line,) = [row for row in out.splitlines() if row.startswith("Throughput")]
    assert " to " in line
    assert "Error of the tile model" in out
