"""Tables of text tell all their faults at once, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.csv_file import number_in, read_each, read_rows
from dse.errors import InputError


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "runs.csv"
    path.write_text(text)
    return path


def test_rows_know_where_they_stand(tmp_path: Path) -> None:
    path = table(tmp_path, 'a,b\n1,"x\ny"\n\n2,z\n')
    assert read_rows(path, "a table") == [
        ("runs.csv, line 3", {"a": "1", "b": "x\ny"}),
        ("runs.csv, line 5", {"a": "2", "b": "z"}),
    ]


def test_names_and_rows_that_do_not_fit_are_told_together(tmp_path: Path) -> None:
    path = table(tmp_path, "a,b,a\n1,2\n1,2,3\n1,2,3,4\n")
    with pytest.raises(InputError) as caught:
        read_rows(path, "a table")
    assert str(caught.value).splitlines() == [
        f"{path}: columns `a` stand twice; rename them.",
        "runs.csv, line 2: has 2 cells under 3 names; write one for each.",
        "runs.csv, line 4: has 4 cells under 3 names; write one for each.",
    ]


def test_what_cannot_be_read_of_rows_is_told_together(tmp_path: Path) -> None:
    rows = read_rows(table(tmp_path, "a\nx\n1\ny\n"), "a table")
    with pytest.raises(InputError) as caught:
        read_each(rows, lambda place, row: number_in(place, "a", row["a"]))
    assert str(caught.value).splitlines() == [
        "runs.csv, line 2: `a` is 'x'; write a number.",
        "runs.csv, line 4: `a` is 'y'; write a number.",
    ]
    assert read_each(rows[1:2], lambda place, row: row["a"]) == ["1"]
