"""`dse pareto`: the front of any table on disk, or of a sweep as far as it got."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose, log
from dse.cli.output import PARTIAL, print_json, say
from dse.cli.sweep_folder import find_parts, objective_columns, part_tables
from dse.errors import InputError, did_you_mean


def pareto(
    table: Annotated[
        str,
        typer.Argument(
            help="A table with a header, CSV or Parquet; or the folder of a sweep, "
            "finished or not."
        ),
    ],
    objectives: Annotated[
        list[str] | None,
        typer.Option(
            help="Columns and directions: max:throughput_seq_per_s,min:energy_mj; "
            "those of the sweep if left out."
        ),
    ] = None,
    distinct: Annotated[
        bool, typer.Option("--distinct", help="Keep only the first of equal rows.")
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Find the front of a table, or of an unfinished sweep.

    Prints the rows that no other row beats in every objective, as CSV.

    Rows that a column `feasible` says no to stay out. Rows without a number in an
    objective do too; then, and where parts of a sweep are missing, the exit code is 3.
    """
    texts = [text for part in objectives or () for text in part.split(",")]
    store = find_parts(table)
    if store is not None:
        tables, texts = part_tables(store), texts or objective_columns(store)
    elif texts:
        tables = iter([_read(Path(table))])
    else:
        raise InputError("--objectives is missing: say what is wanted of the table.")
    front, rows, lost = _front(tables, texts, table, distinct)
    log.info(f"{len(front):,} of {rows:,} rows are on the front.")
    if as_json:
        print_json(_records(front))
    else:
        say(front.to_csv(index=False), end="")
    missing = [] if store is None else store.missing()
    if lost:
        log.warning(f"{lost:,} rows lack a finite number in an objective; left out.")
    if store is not None and missing:
        log.warning(
            f"{len(missing):,} of {store.plan.parts:,} parts are missing: this is the "
            "front of the others."
        )
    if lost or missing:
        raise typer.Exit(PARTIAL)


def _front(
    tables: Iterator[Any], texts: list[str], path: str, distinct: bool
) -> tuple[Any, int, int]:
    """Return the front of tables, their number of rows, and how many lack a number."""
    import numpy as np
    import pandas as pd

    from dse.explore.pareto import front_mask

    front, count, lost = None, 0, 0
    for fresh in tables:
        wanted = [_objective(text, fresh, path) for text in texts]
        rows = fresh if front is None else pd.concat([front, fresh], ignore_index=True)
        signs = [-1.0 if maximize else 1.0 for _, maximize in wanted]
        costs = rows[[column for column, _ in wanted]].to_numpy(float) * signs
        allowed = np.ones(len(rows), bool)
        if "feasible" in rows:
            allowed = rows["feasible"].to_numpy(bool)
        numbers = np.isfinite(costs).all(axis=1)
        costs[~allowed] = np.inf
        front = rows[front_mask(costs, keep="distinct" if distinct else "all")]
        count += len(fresh)
        lost += int((allowed & ~numbers).sum())
    return front, count, lost


def _read(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"{path} is no file; give a table as .csv or .parquet.")
    if path.suffix not in (".csv", ".parquet"):
        raise InputError(f"{path} is neither .csv nor .parquet; convert it to one.")
    import pandas as pd

    read = pd.read_csv if path.suffix == ".csv" else pd.read_parquet
    try:
        return read(path)
    except (ValueError, OSError) as error:  # what pandas and pyarrow raise
        raise InputError(f"{path} cannot be read as a table: {error}") from None


def _objective(text: str, rows: Any, path: str) -> tuple[str, bool]:
    """Return the column of an objective, and whether more of it is better."""
    sense, _, column = text.strip().partition(":")
    if sense not in ("max", "min") or not column:
        raise InputError(f"objective {text!r}: write `max:` or `min:` and a column.")
    if column not in rows:
        meant = did_you_mean(column, rows)
        raise InputError(f"{path} has no column `{column}`.{meant}")
    if rows[column].dtype.kind not in "iuf":
        raise InputError(f"column `{column}` of {path} does not hold numbers.")
    return column, sense == "max"


def _records(rows: Any) -> list[dict[str, Any]]:
    """Return rows as plain data."""
    return [
        {name: v.item() if hasattr(v, "item") else v for name, v in row.items()}
        for row in rows.to_dict("records")
    ]
