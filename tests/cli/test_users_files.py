"""Whatever lies where a sweep works and is not its own, is there afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

Dse = Callable[..., Any]
CUT = ("--parts", "4", "--block-size", "2")  # of the eight machines
SMALLER = ("--limit", "area <= 80 mm^2")
ANSWER = {"front.csv", "front.parquet", "report.html", "summary.json"}
NAMES = (
    "thesis.txt",
    "notes.draft",
    "lock",
    "part-000000.parquet",
    "part-000001-0123456789abcdef-0123456789ab.parquet",
    "part-000001-0123456789abcdef-0123456789ab.parquet.torn",
)


def fill(folder: Path) -> dict[str, bytes]:
    """Put a user's files, and a folder of more, into a folder; return them all."""
    (folder / "chapters").mkdir(parents=True)
    for name in (*NAMES, "chapters/one.txt"):
        (folder / name).write_text(f"the only copy of {name}")
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("place", ["--out", "--store", "parts"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_sweep_that_is_done_leaves_them(
    dse: Dse, study: Path, tmp_path: Path, place: str, restart: bool
) -> None:
    folder = tmp_path / "mine"
    out = tmp_path if place == "--store" else folder
    mine = folder / "parts" if place == "parts" else folder
    before = fill(mine)
    where = ["--out", out, *(["--store", folder] if place == "--store" else [])]
    answer = dse("sweep", study, *where, *CUT, *(["--restart"] if restart else []))
    assert answer.code == 0, answer.err
    left = contents(mine)
    assert {name: left.get(name) for name in before} == before
    assert set(left) - set(before) <= ANSWER


def test_the_current_folder_is_no_exception(
    dse: Dse, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, empty, out = (tmp_path / name for name in ("here", "empty", "out"))
    before = fill(here)
    empty.mkdir()
    for folder in (here, empty):
        monkeypatch.chdir(folder)
        assert dse("sweep", study, "--store", ".", "--out", out, *CUT).code == 0
    assert contents(here) == before
    assert list(empty.iterdir()) == []


def test_a_sweep_that_stops_leaves_them(
    dse: Dse, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise OSError("stopped")

    before = fill(tmp_path / "out")
    monkeypatch.setattr("dse.cli.parts.search_parts", stop)
    for where in ("--out", "--store"):
        assert dse("sweep", study, where, tmp_path / "out", *CUT).code == 1
        assert contents(tmp_path / "out") == before


def test_every_design_is_kept_though_none_meets_a_limit(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    nothing = ("--limit", "area <= 1 mm^2")
    answer = dse("sweep", study, "--out", out, "--keep", "all", *nothing, *CUT)
    assert answer.code == 2
    assert "none of the 8 designs" in answer.err
    rows = [len(pd.read_parquet(part)) for part in (out / "parts").glob("*.parquet")]
    assert sum(rows) == 8


def test_a_merge_that_answers_nothing_leaves_the_parts(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    nothing = ("--limit", "area <= 1 mm^2")
    for shard in ("1/2", "2/2"):
        dse("sweep", study, "--out", out, *CUT, *nothing, "--shard", shard)
    before = contents(out)
    assert len(before) == 5
    assert dse("merge", study, out).code == 2
    assert contents(out) == before


@pytest.mark.parametrize("mine", [*sorted(ANSWER), "top.parquet"])
def test_a_file_with_the_name_of_an_answer_is_not_replaced(
    dse: Dse, study: Path, tmp_path: Path, mine: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / mine).write_text("[]")
    for keep in ("front", "top:3"):
        answer = dse("sweep", study, "--out", out, "--keep", keep)
        assert answer.code == 2
        assert f"{out} holds {mine}, which this study did not write:" in answer.err
        assert contents(out) == {mine: b"[]"}
    assert dse("sweep", study, "--out", out, "--restart").code == 0
    assert json.loads((out / "summary.json").read_text())["study"] == study.name


def test_another_studys_answer_is_replaced_only_on_demand(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert dse("sweep", study, "--out", out).code == 0
    first = contents(out)
    assert dse("sweep", study, "--out", out).code == 0  # the same once more
    assert contents(out) == first
    answer = dse("sweep", study, "--out", out, *SMALLER)
    assert answer.code == 2
    assert "write: give --out another folder, or replace them with" in answer.err
    assert contents(out) == first
    assert dse("sweep", study, "--out", out, *SMALLER, "--restart").code == 0
    assert contents(out) != first


def test_a_merge_replaces_no_other_answer(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out, store = tmp_path / "out", tmp_path / "store"
    assert dse("sweep", study, "--out", out).code == 0
    first = contents(out)
    for shard in ("1/2", "2/2"):
        dse("sweep", study, "--store", store, *CUT, *SMALLER, "--shard", shard)
    answer = dse("merge", study, store, "--out", out)
    assert answer.code == 2
    assert "this study did not write: give --out another folder." in answer.err
    assert contents(out) == first


@pytest.mark.parametrize("mine", [*sorted(ANSWER), "top.parquet"])
def test_a_folder_in_the_place_of_an_answer_is_told_before_the_search(
    dse: Dse, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mine: str
) -> None:
    monkeypatch.setattr("dse.cli.parts.search_parts", None)
    out = tmp_path / "out"
    (out / mine).mkdir(parents=True)
    for verb in (
        ("sweep", study),
        ("sweep", study, "--restart"),
        ("merge", study, out),
    ):
        answer = dse(*verb, "--out", out)
        assert answer.code == 2
        assert f"{out / mine} is no file, and a file of the answer" in answer.err
