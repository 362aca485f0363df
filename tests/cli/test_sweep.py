"""`dse sweep`: the front of a study, in files that appear together or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dse.explore.runs import Runs
from dse.study.estimate import Estimate
from dse.study.study import Study

Dse = Callable[..., Any]
FILES = ["front.csv", "front.parquet", "report.html", "summary.json"]


def refuse(*_: Any, **__: Any) -> None:
    raise OSError("no space left on device")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def asked(front: Runs, monkeypatch: pytest.MonkeyPatch) -> list[Study]:
    """Answers sweeps with a front found before; gathers the studies that were run."""
    studies: list[Study] = []

    def run(study: Study, **_: Any) -> Runs:
        studies.append(study)
        return front

    monkeypatch.setattr(Study, "run", run)
    return studies


def test_a_sweep_writes_the_front_its_summary_and_its_report(
    dse: Dse, study: Path, front: Runs, tmp_path: Path
) -> None:
    out = tmp_path / "results" / "eight"
    answer = dse("sweep", study, "--out", out)
    assert answer.code == 0
    assert names(out) == FILES
    for read in (
        pd.read_csv(out / "front.csv"),
        pd.read_parquet(out / "front.parquet"),
    ):
        assert list(read["design"]) == list(front.index)
        assert {"throughput_seq_per_s", "energy_mj", "area_mm2"} <= set(read)
    assert "<html" in (out / "report.html").read_text()
    summary = json.loads((out / "summary.json").read_text())
    assert summary["designs_evaluated"] == 8
    assert summary["designs_on_front"] == len(front)
    assert summary["sources"] == ["tuli2023acceltran", "turc2019wellread"]
    assert "Edge at batch 4" in answer.out
    assert "knee" in answer.out
    assert "Wrote front.csv" in answer.err


@pytest.mark.parametrize("axes", ['pes = "64"', 'pes = "64"\nlanes_per_pe = [8, 16]'])
def test_fields_may_be_tied_to_one_number(dse: Dse, study: Path, axes: str) -> None:
    file = study / "study.toml"
    before, _, _ = file.read_text().partition("[space]")
    file.write_text(f"{before}[space]\n{axes}\n")
    answer = dse("sweep", study, "--out", study / "out", "--keep", "all", "--json")
    assert answer.code == 0
    assert answer.json["knee"]["pes"] == 64.0
    assert {*FILES} < {*names(study / "out")}


def test_tokens_are_counted_where_one_decodes(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    file, out = study / "study.toml", tmp_path / "out"
    words = file.read_text().replace('"bert-tiny"', '"gpt2"\nmode = "decode"')
    file.write_text(words)
    answer = dse("sweep", study, "--out", out, "--keep", "all")
    assert answer.code == 0
    assert "gpt2: decode step, 128 tokens of context" in answer.out
    assert "tokens/s" in answer.out
    assert "energy per token" in answer.out
    report = (out / "report.html").read_text()
    for text in (answer.out, (out / "front.csv").read_text(), report):
        assert "seq_per_s" not in text
        assert "seq/s" not in text
    (run,) = json.loads((out / "summary.json").read_text())["workloads"]
    assert (run["mode"], run["context_len"]) == ("decode", 128)
    table = dse("pareto", out / "parts").out
    assert "throughput_tokens_per_s" in table


def test_a_sentence_about_a_front_counts_what_keeps_the_limits(
    dse: Dse, study: Path
) -> None:
    limits = ("--limit", "area <= 60 mm2", "--limit", "latency <= 20 ms")
    text = " ".join(dse("sweep", study, *limits).out.split())
    found = re.search(
        r"Of 8 designs, (\d) keep the limits of what can be built, area ≤ 60 mm² and "
        "latency ≤ 20 ms, and no other that does beats them in throughput, energy per "
        "sequence and chip area.",
        text,
    )
    assert found
    everything = re.search(r"Of 8 designs, (\d) are beaten by no other in", text)
    assert everything is None
    assert int(found[1]) < 8


def test_json_is_the_summary_and_nothing_else_on_stdout(dse: Dse, study: Path) -> None:
    answer = dse("sweep", study, "--json", "--quiet")
    assert answer.err == ""
    assert set(answer.json["best"]) == {"max:throughput", "min:energy", "min:area"}
    edge = answer.json["references"]["Edge"]
    assert 0 <= edge["beaten_by_share_of_front"] <= 1
    assert set(edge["rival_times_better"]) == {"throughput", "energy", "area"}


def test_a_limit_given_in_the_call_joins_those_of_the_study(
    dse: Dse, study: Path, asked: list[Study]
) -> None:
    file = study / "study.toml"
    file.write_text('limits = ["power <= 90 W"]\n' + file.read_text())
    answer = dse("sweep", study, "--json", "--limit", "area <= 80 mm^2")
    limits = ["buildable", "power <= 90 W", "area <= 80 mm^2"]
    assert answer.json["limits"] == limits
    assert asked[0].limits == tuple(limits)
    wrong = dse("sweep", study, "--limit", "aera <= 80 mm^2")
    assert wrong.code == 2
    assert "Did you mean `area`?" in wrong.err


def test_limits_that_nothing_meets_are_told(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    answer = dse("sweep", study, "--limit", "area <= 1 mm^2", "--out", tmp_path / "out")
    assert answer.code == 2
    assert "none of the 8 designs of `eight_machines` is legal" in answer.err
    assert "all 8 break `area <= 1 mm^2` (the nearest has " in answer.err
    assert names(tmp_path) == [study.name]


def test_a_dry_run_counts_and_times_and_writes_nothing(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    answer = dse("sweep", study, "--dry-run", "--block-size=2", "--out", out, "--json")
    assert answer.json["designs"] == 8
    assert answer.json["axes"]["pes"] == [64, 128]
    assert answer.json["estimate"]["start_designs"] == 2
    assert answer.json["estimate"]["timed_designs"] == 6
    assert answer.json["estimate"]["seconds"] > 0
    assert not out.exists()


@pytest.mark.parametrize(
    ("first", "timed", "said"),
    [
        (8, 0, "8 designs, 3 s: measured, for one block holds them all."),
        (2, 3, "then 2 designs/s, measured over the next 3."),
    ],
)
def test_a_dry_run_says_how_its_estimate_came_about(
    dse: Dse,
    study: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: int,
    timed: int,
    said: str,
) -> None:
    found = Estimate(8, first, start=3.0, timed_designs=timed, timed=1.5)
    monkeypatch.setattr("dse.study.estimate.estimate", lambda *_, **__: found)
    assert said in " ".join(dse("sweep", study, "--dry-run").out.split())


def test_a_failing_report_leaves_what_was_found_and_no_half_answer(
    dse: Dse, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "deep" / "out"
    with monkeypatch.context() as broken:
        broken.setattr("dse.show.report.write_page", refuse)
        answer = dse("sweep", study, "--out", out)
    assert answer.code == 1
    assert "no space left on device" in answer.err
    assert names(out) == ["parts"]
    again = dse("sweep", study, "--out", out)
    assert "1 of 1 parts are there; going on from them." in again.err
    assert names(out) == FILES


def test_a_failing_report_leaves_an_older_answer_as_it_was(
    dse: Dse, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert dse("sweep", study, "--out", out).code == 0
    (out / "front.csv").write_text("older")
    monkeypatch.setattr("dse.show.report.write_page", refuse)
    assert dse("sweep", study, "--out", out).code == 1
    assert names(out) == sorted([*FILES, "parts"])
    assert (out / "front.csv").read_text() == "older"


def test_a_file_in_the_way_is_told_before_the_sweep(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.write_text("")
    answer = dse("sweep", study, "--out", out)
    assert answer.code == 2
    assert answer.err == f"{out} is a file; give --out a folder.\n"


def test_a_misspelt_field_is_told_with_file_and_line(dse: Dse, study: Path) -> None:
    file = study / "study.toml"
    file.write_text(file.read_text().replace("pes =", "pess ="))
    answer = dse("sweep", study)
    assert answer.code == 2
    line = file.read_text().splitlines().index("pess = [64, 128]") + 1
    assert f"{file}:{line}: space.pess: `pess` is not a field of" in answer.err
    assert "Did you mean `pes`?" in answer.err


def test_a_front_is_proven_to_a_gap(dse: Dse, study: Path, tmp_path: Path) -> None:
    answer = dse("sweep", study, "--prove", "1 %", "--json", "--quiet")
    assert answer.code == 0
    proof = answer.json["proof"]
    assert proof["reached"]
    assert proof["gap"] == proof["asked"] == 0.01
    assert proof["designs"] == 8
    assert proof["points"] == answer.json["designs_on_front"]
    told = " ".join(dse("sweep", study, "--prove", "1 %").out.split())
    assert "Proven: to each of 8 designs that keeps all limits, one of these" in told
    none = dse("sweep", study, "--prove", "1 %", "--limit", "area <= 1 mm^2")
    assert none.code == 2
    assert "none of the 8 designs of `eight_machines` is legal" in none.err
    for wrong, why in (
        (["--prove", "1 %", "--out", tmp_path / "out"], "leave --out"),
        (["--prove", "0 %"], "give a share above 0"),
        (["--prove", "much"], "much"),
        (["--prove-seconds", "3"], "need --prove"),
    ):
        refused = dse("sweep", study, *wrong)
        assert refused.code == 2
        assert why in refused.err
    assert names(tmp_path) == [study.name]


def test_a_folder_may_have_the_name_of_a_uri(
    dse: Dse, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert dse("sweep", study, "--out", "edge:1").code == 0
    front = dse("pareto", "edge:1/front.parquet", "--objectives", "min:energy_mj")
    assert (front.code, len(front.out.splitlines())) == (0, 2)
    number = front.out.splitlines()[1].partition(",")[0]
    assert dse("explain", "edge:1", number).code == 0


@pytest.mark.parametrize(
    ("line", "other", "told"),
    [
        ('technology = "acceltran"', 'technology = "isaac"', "isaac has no `"),
        (
            "[[workload]]",
            'limits = ["accuracy_drop <= 1 %"]\n[[workload]]',
            "`accuracy_drop` is not known here",
        ),
        (
            "[[workload]]",
            'limits = ["tokens_per_second >= 1 tokens/s"]\n[[workload]]',
            "`tokens_per_second` is told of a generation alone",
        ),
    ],
)
def test_a_check_of_a_study_refuses_what_a_sweep_would(
    dse, study: Path, tmp_path: Path, line: str, other: str, told: str
) -> None:
    file = study / "study.toml"
    file.write_text(file.read_text().replace(line, other, 1))
    for words in (("study", study), ("sweep", study, "--out", tmp_path / "out")):
        answer = dse(*words)
        assert answer.code == 2
        assert told in answer.err
    assert dse("study", study).err.startswith(f"{study}: ")
