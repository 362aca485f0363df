"""`dse pareto`: the front of any table on disk, or of a sweep as far as it got."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dse.cli.options import Buildable, Json, Quiet, Verbose, log
from dse.cli.output import PARTIAL, print_json, say
from dse.errors import InputError, did_you_mean
from dse.files import is_file, is_folder
from dse.hardware.buildable import CANNOT, DOES_NOT_FIT, FIT, bounds
from dse.units import from_si

if TYPE_CHECKING:  # pyarrow and pandas wait until there is something to read
    from dse.sweeps.store import Store

_MEANT = {
    **dict.fromkeys(("true", "yes", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "0", "0.0"), False),
}


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
    buildable: Buildable = True,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Find the front of a table, or of an unfinished sweep.

    Prints the rows that no other row beats in every objective, as CSV.

    Rows that a column `feasible` says no to stay out, and so do designs of a sweep that
    cannot be built. Rows without a number in an
    objective do too; then, and where parts of a sweep are missing, the exit code is 3.
    """
    texts = [text for part in objectives or () for text in part.split(",")]
    store = _find_parts(table)
    if store is not None:
        tables, texts = _part_tables(store), texts or _objective_columns(store)
    elif texts:
        tables = iter([_read(Path(table))])
    else:
        raise InputError("--objectives is missing: say what is wanted of the table.")
    front, rows, lost = _front(tables, texts, table, distinct, buildable)
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


def _find_parts(place: str) -> Store | None:
    """Return the parts of a sweep in a folder or at a URL; None for any other file.

    Raises `InputError` for a folder without parts, naming the answer if it has one.
    """
    if "://" not in place and not is_folder(Path(place)):
        return None
    from dse.sweeps.store import find_store

    try:
        return find_store(place)
    except InputError:
        answer = Path(place) / "front.parquet"
        if not answer.is_file():
            raise
        raise InputError(f"{place} holds a finished sweep; give {answer}.") from None


def _part_tables(store: Store) -> Iterator[Any]:
    """Yield each part that is there as a table; raise `InputError` if none is."""
    found = 0
    for _, table in store.parts(set_aside=False):
        found += 1
        yield table.to_pandas()
    if not found:
        raise InputError(
            f"{store.folder.place} holds no part yet; run its sweep first."
        )


def _objective_columns(store: Store) -> list[str]:
    """Return the objectives of a sweep as directions and columns."""
    from dse.explore.runs import column_name, file_units

    units = file_units(store.plan.counted)
    pairs = [text.partition(":") for text in store.plan.objectives]
    return [f"{sense}:{column_name(m, units[m])}" for sense, _, m in pairs]


def _front(
    tables: Iterator[Any], texts: list[str], path: str, distinct: bool, buildable: bool
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
        columns = rows[[column for column, _ in wanted]]
        costs = columns.to_numpy(float, na_value=np.nan) * signs
        allowed = _feasible(fresh, path, buildable)
        if front is not None:  # all of it was
            allowed = np.concatenate([np.ones(len(front), bool), allowed])
        numbers = np.isfinite(costs).all(axis=1)
        costs[~allowed] = np.inf
        front = rows[front_mask(costs, keep="distinct" if distinct else "all")]
        count += len(fresh)
        lost += int((allowed & ~numbers).sum())
    return front, count, lost


def _read(path: Path) -> Any:
    if path.suffix not in (".csv", ".parquet"):
        raise InputError(f"{path} is neither .csv nor .parquet; convert it to one.")
    if not is_file(path):
        raise InputError(f"{path} is no file; give a table as .csv or .parquet.")
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            with path.open("rb") as file:  # a path may look like a URI
                return pd.read_parquet(file)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(path, index_col=False)
    except pd.errors.ParserWarning:
        fault = "a row has more cells than the header"
    except Exception as error:  # whatever pandas and pyarrow raise
        fault = " ".join(str(error).split()) or type(error).__name__
    raise InputError(
        f"{path} cannot be read as a table ({fault}); write it anew as CSV in UTF-8 or "
        "as Parquet."
    )


def _feasible(rows: Any, path: str, buildable: bool) -> Any:
    """Return which rows may be on a front: what can be built, unless all may."""
    said = _said_feasible(rows, path)
    if not buildable and "reason" in rows:
        forgiven = rows["reason"].astype(str).str.startswith((CANNOT, DOES_NOT_FIT))
        return said | forgiven.to_numpy()
    if not buildable or not any(str(c).startswith("power_density_") for c in rows):
        return said
    import pandas as pd

    from dse.explore.runs import column_name

    for bound in (*bounds(), FIT):
        column = column_name(bound.metric, bound.unit)
        if column in rows:
            most = from_si(bound.most, bound.unit) * (1 + 1e-9)
            told = pd.to_numeric(rows[column], errors="coerce").to_numpy(float)
            said = said & ~(told > most)
    return said


def _said_feasible(rows: Any, path: str) -> Any:
    """Return what a column `feasible` says of each row: yes, where there is none."""
    import numpy as np

    if "feasible" not in rows:
        return np.ones(len(rows), bool)
    if rows["feasible"].dtype == bool:
        return rows["feasible"].to_numpy()
    said = [str(word).strip().lower() for word in rows["feasible"]]
    for number, word in enumerate(said, 1):
        if word not in _MEANT:
            raise InputError(
                f"{path}, row {number}: `feasible` is {word!r}; write true or false."
            )
    return np.asarray([_MEANT[word] for word in said], bool)


def _objective(text: str, rows: Any, path: str) -> tuple[str, bool]:
    """Return the column of an objective, and whether more of it is better."""
    sense, _, column = text.strip().partition(":")
    if sense not in ("max", "min") or not column:
        raise InputError(f"objective {text!r}: write `max:` or `min:` and a column.")
    if column not in rows:
        meant = did_you_mean(column, rows)
        raise InputError(f"{path} has no column `{column}`.{meant}")
    if rows[column].dtype.kind not in "iuf":
        raise InputError(
            f"column `{column}` of {path} does not hold numbers; write a number in "
            "every row, or leave it blank."
        )
    return column, sense == "max"


def _records(rows: Any) -> list[dict[str, Any]]:
    """Return rows as plain data; what JSON has no type for as text."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in rows.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, bool | int | float | str) else str(value)
