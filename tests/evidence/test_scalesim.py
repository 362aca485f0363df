"""What SCALE-Sim's runs show of the dataflows of the N:M engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dse.errors import InputError
from dse.evidence.scalesim import validate

HEADER = "dataflow,m,k,n,rows,columns,kept,group,mapping,cycles\n"


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return validate(progress=False)


def test_dense_cycles_are_exact_in_all_three_dataflows(report: dict[str, Any]) -> None:
    dense = {n: g["cycles"] for n, g in report["groups"].items() if n.endswith("dense")}
    assert len(dense) == 3
    assert sum(errors["rows"] for errors in dense.values()) >= 100
    assert all(errors["worst"] == 0.0 for errors in dense.values())


def test_sparse_cycles_are_exact_where_both_mean_the_same(
    report: dict[str, Any],
) -> None:
    groups = report["groups"]
    for mapping in ("layer-wise", "row-wise"):
        errors = groups[f"weight_stationary {mapping}"]["cycles"]
        assert errors["rows"] == 40
        assert errors["worst"] == 0.0


def test_a_last_group_that_is_not_full_is_stored_whole_here(
    report: dict[str, Any],
) -> None:
    ragged = report["groups"]["weight_stationary layer-wise with a last group not full"]
    assert ragged["cycles"]["median"] == 0.0
    longer = [run["errors"]["cycles"] for run in report["runs"]]
    assert sum(error != 0.0 for error in longer) == 2
    assert min(longer) == 0.0  # never fewer cycles than there


def test_a_table_of_ones_own_is_compared(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    # ceil(18/17) folds of 10 rows: 10 + 2 * 17 + 8 - 2 = 50 cycles; the last is 99
    table.write_text(HEADER + "ws,10,18,8,17,8,,,,99\n")
    assert validate(table, progress=False)["quantities"]["cycles"]["worst"] == 0.0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("ws,10,18,8,17,8,,,,ninety", "own.csv, line 2: `cycles` is 'ninety'"),
        ("ws,10,0,8,17,8,,,,99", "line 2: `k` is '0'; write a whole number, 1"),
        ("wz,10,18,8,17,8,,,,99", "`dataflow` is 'wz'"),
        ("ws,10,18,8,17,8,1,4,row-wise,99", "Did you mean `row_wise`"),
        ("ws,10,18,8,17,8,,,layer_wise,99", "`kept` is ''"),
    ],
)
def test_a_faulty_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    table = tmp_path / "own.csv"
    table.write_text(HEADER + row + "\n")
    with pytest.raises(InputError) as told:
        validate(table, progress=False)
    assert message in str(told.value)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("dataflow,m,k,n,rows,cycles\nws,1,1,1,1,1\n")
    with pytest.raises(InputError, match="there is no column `columns`"):
        validate(table, progress=False)
