"""Shards, merging, and a look at a sweep not yet finished, on the command line."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

Dse = Callable[..., Any]
FILES = ("front.csv", "front.parquet", "summary.json")
PARTS = ("--parts", "4", "--block-size", "2")  # of the eight machines


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


def test_shards_then_all_then_merge_give_the_same_files(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out, whole, merged = (tmp_path / name for name in ("out", "whole", "merged"))
    assert dse("sweep", study, "--out", whole).code == 0
    first = dse("sweep", study, "--out", out, *PARTS, "--shard", "2/2")
    assert first.code == 0
    assert first.out == "Shard 2-of-2 is done; 2 of 4 parts are still missing.\n"
    assert sorted(path.name for path in out.iterdir()) == ["parts"]

    lacking = dse("merge", study, out, "--out", merged)
    assert lacking.code == 3
    assert "2 of 4 parts are missing: 0, 2. Run the shards" in lacking.err
    assert not merged.exists()

    second = dse("sweep", study, "--out", out, "--shard", "1/2", "--json")
    assert second.json == {"shard": "1-of-2", "missing_parts": []}
    assert dse("merge", study, out, "--out", merged).code == 0
    assert contents(merged) == contents(whole)

    assert dse("sweep", study, "--out", out).code == 0
    assert contents(out) == contents(whole)
    assert not (out / "parts").exists()


def test_the_front_so_far_is_told_with_what_is_missing(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    dse("sweep", study, "--out", out, *PARTS, "--shard", "1/4", "--keep", "all")
    answer = dse("pareto", out)
    assert answer.code == 3
    assert "3 of 4 parts are missing: this is the front of the others." in answer.err
    designs = pd.read_csv(io.StringIO(answer.out)).design
    assert set(designs) <= {0, 1}  # of a part of two
    assert len(designs) > 0


def test_all_rows_stay_when_they_are_the_answer(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert dse("sweep", study, "--out", out, *PARTS, "--keep", "all").code == 0
    rows = pd.concat(map(pd.read_parquet, sorted((out / "parts").glob("*.parquet"))))
    assert list(rows.design) == list(range(8))
    front = pd.read_parquet(out / "front.parquet")
    again = pd.read_csv(io.StringIO(dse("pareto", out).out))
    assert list(again.design) == list(front.design)
    sample = dse("sweep", study, "--out", out, "--keep", "sample:3")
    assert sample.code == 2
    assert "holds parts of another sweep: another keep." in sample.err
    kept = ("--keep", "sample:3", "--seed", "1", "--restart")
    assert dse("sweep", study, "--out", out, *kept).code == 0
    assert len(pd.read_parquet(out / "sample.parquet")) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--shard", "1/2"), "--shard, --dask, --parts and --keep need --out"),
        (("--keep", "top:3"), "--shard, --dask, --parts and --keep need --out"),
        (("--shard", "3/2", "--out", "out"), "shard '3/2': write which of how many"),
        (("--keep", "some", "--out", "out"), "keep 'some': write `front`"),
    ],
)
def test_a_share_of_nothing_is_told(
    dse: Dse, study: Path, arguments: tuple[str, ...], message: str
) -> None:
    answer = dse("sweep", study, *arguments)
    assert answer.code == 2
    assert message in answer.err


def test_folders_without_parts_are_told(dse: Dse, study: Path, tmp_path: Path) -> None:
    assert "holds no manifest.json" in dse("merge", study, tmp_path).err
    (tmp_path / "front.parquet").write_bytes(b"")
    finished = dse("pareto", tmp_path)
    assert finished.code == 2
    assert "holds a finished sweep; give " in finished.err
    table = tmp_path / "table.csv"
    table.write_text("a\n1\n")
    assert "--objectives is missing" in dse("pareto", table).err
