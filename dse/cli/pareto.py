"""`dse pareto`: the front of any table on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose, log
from dse.cli.output import PARTIAL, print_json
from dse.errors import InputError, did_you_mean


def pareto(
    table: Annotated[
        Path, typer.Argument(help="A table with a header, CSV or Parquet.")
    ],
    objectives: Annotated[
        list[str],
        typer.Option(
            help="Columns and directions: max:throughput_seq_per_s,min:energy_mj"
        ),
    ],
    distinct: Annotated[
        bool, typer.Option("--distinct", help="Keep only the first of equal rows.")
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Find the front of a table on disk.

    Prints the rows that no other row beats in every objective, as CSV.

    Rows that a column `feasible` says no to stay out. Rows without a number in an
    objective do too; then the exit code is 3.
    """
    rows = _read(table)
    texts = [text for part in objectives for text in part.split(",")]
    wanted = [_objective(text, rows, table) for text in texts]
    import numpy as np

    from dse.explore.pareto import front_mask

    signs = [-1.0 if maximize else 1.0 for _, maximize in wanted]
    costs = rows[[column for column, _ in wanted]].to_numpy(float) * signs
    allowed = np.ones(len(rows), bool)
    if "feasible" in rows:
        allowed = rows["feasible"].to_numpy(bool)
    numbers = np.isfinite(costs).all(axis=1)
    costs[~allowed] = np.inf
    front = rows[front_mask(costs, keep="distinct" if distinct else "all")]
    lost = int((allowed & ~numbers).sum())
    log.info(f"{len(front):,} of {len(rows):,} rows are on the front.")
    if as_json:
        print_json(_records(front))
    else:
        typer.echo(front.to_csv(index=False), nl=False)
    if lost:
        log.warning(f"{lost:,} rows lack a finite number in an objective; left out.")
        raise typer.Exit(PARTIAL)


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


def _objective(text: str, rows: Any, path: Path) -> tuple[str, bool]:
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
