"""`dse pareto`: the front of any table."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

Dse = Callable[..., Any]
BOTH = "max:speed_hz,min:area_mm2"


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["slow", "fast", "worse", "same as slow"],
            "speed_hz": [1.0, 3.0, 0.5, 1.0],
            "area_mm2": [1.0, 2.0, 2.0, 1.0],
        }
    )


@pytest.fixture(params=["csv", "parquet"])
def file(request: pytest.FixtureRequest, tmp_path: Path, table: pd.DataFrame) -> Path:
    path = tmp_path / f"table.{request.param}"
    if request.param == "csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, index=False)
    return path


def test_rows_that_nothing_beats_are_printed_as_they_stand(
    dse: Dse, file: Path, table: pd.DataFrame
) -> None:
    answer = dse("pareto", file, "--objectives", BOTH)
    assert answer.code == 0
    pd.testing.assert_frame_equal(
        pd.read_csv(io.StringIO(answer.out)),
        table.drop(2).reset_index(drop=True),
        check_dtype=False,
    )
    assert answer.err == "3 of 4 rows are on the front.\n"


def test_objectives_may_be_repeated_and_json_asked_for(dse: Dse, file: Path) -> None:
    split = [word for part in BOTH.split(",") for word in ("--objectives", part)]
    answer = dse("pareto", file, *split, "--distinct", "--json")
    assert [row["name"] for row in answer.json] == ["slow", "fast"]


def test_rows_marked_infeasible_stay_out(
    dse: Dse, tmp_path: Path, table: pd.DataFrame
) -> None:
    path = tmp_path / "marked.csv"
    table.assign(feasible=[True, False, True, False]).to_csv(path, index=False)
    answer = dse("pareto", path, "--objectives", BOTH, "--json")
    assert [row["name"] for row in answer.json] == ["slow"]


@pytest.mark.parametrize("no", ["no", "No", "FALSE", "0", " false "])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_feasible_may_be_said_in_words(
    dse: Dse, tmp_path: Path, table: pd.DataFrame, no: str, suffix: str
) -> None:
    path = tmp_path / f"marked.{suffix}"
    marked = table.assign(feasible=["yes", no, "TRUE", "1"])
    marked.to_csv(path) if suffix == "csv" else marked.to_parquet(path)
    answer = dse("pareto", path, "--objectives", BOTH, "--json")
    assert [row["name"] for row in answer.json] == ["slow", "same as slow"]


@pytest.mark.parametrize("said", ["", "maybe", None, "2"])
def test_feasible_in_other_words_is_refused(
    dse: Dse, tmp_path: Path, table: pd.DataFrame, said: str | None
) -> None:
    path = tmp_path / "marked.csv"
    table.assign(feasible=[True, False, said, True]).to_csv(path, index=False)
    answer = dse("pareto", path, "--objectives", BOTH)
    assert answer.code == 2
    assert "row 3: `feasible` is" in answer.err
    assert "write true or false" in answer.err


def test_a_row_with_more_cells_than_the_header_is_refused(
    dse: Dse, tmp_path: Path
) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("speed_hz,area_mm2\n1,2,3\n4,5,6\n")
    answer = dse("pareto", path, "--objectives", BOTH)
    assert answer.code == 2
    assert "more cells than the header" in answer.err


def test_times_and_gaps_can_be_shown_as_json(
    dse: Dse, tmp_path: Path, table: pd.DataFrame
) -> None:
    path = tmp_path / "when.parquet"
    when = pd.to_datetime(["2026-01-02", None, "2026-01-03", "2026-01-04"])
    counts = pd.array([1, None, 3, 4], dtype="Int64")
    table.assign(when=when, counts=counts, raw=[b"a"] * 4).to_parquet(path)
    rows = dse("pareto", path, "--objectives", BOTH, "--json").json
    assert [row["when"] for row in rows] == [
        "2026-01-02 00:00:00",
        None,
        "2026-01-04 00:00:00",
    ]
    assert [row["counts"] for row in rows] == [1, None, 4]


def test_rows_without_a_number_are_left_out_and_make_the_answer_partial(
    dse: Dse, tmp_path: Path, table: pd.DataFrame
) -> None:
    path = tmp_path / "torn.csv"
    table.assign(speed_hz=[1.0, None, 0.5, 1.0]).to_csv(path, index=False)
    answer = dse("pareto", path, "--objectives", BOTH, "--json")
    assert answer.code == 3
    assert "1 rows lack a finite number in an objective" in answer.err
    assert [row["name"] for row in answer.json] == ["slow", "same as slow"]


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ("speed_hz", "write `max:` or `min:` and a column"),
        ("max:speed", "Did you mean `speed_hz`?"),
        ("max:name", "does not hold numbers"),
    ],
)
def test_a_wrong_objective_is_told(
    dse: Dse, file: Path, objective: str, message: str
) -> None:
    answer = dse("pareto", file, "--objectives", objective)
    assert answer.code == 2
    assert message in answer.err


def test_what_is_no_table_is_told(dse: Dse, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html>")
    assert "neither .csv nor .parquet" in dse("pareto", page, "--objectives", BOTH).err
    torn = tmp_path / "torn.parquet"
    torn.write_text("<html>")
    answer = dse("pareto", torn, "--objectives", BOTH)
    assert answer.code == 2
    assert "cannot be read as a table" in answer.err
