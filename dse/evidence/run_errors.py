"""How far a model is from finished runs of another program, by quantity."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dse.csv_file import read_each
from dse.errors import InputError
from dse.explore.progress import progress_bar

Row = tuple[str, dict[str, str]]  # where it stands, and its cells


def compare_rows(
    rows: Sequence[Row],
    compare: Callable[[str, dict[str, str]], dict[str, Any]],
    *,
    unit: str = "run",
    progress: bool = False,
) -> dict[str, Any]:
    """Return how far a model is from the rows of a table, by quantity.

    `compare` makes a record of a row, for `summarize_errors`; it may say the `group` of
    a row, and that it was `fitted`. Returned are `quantities` over records that nothing
    was fitted to, the same under `groups`, and all records as `runs`. Raises one
    `InputError` with the fault of every row that has one.
    """
    shown = progress_bar(progress, unit=unit, over=rows)

    def compared(place: str, row: dict[str, str]) -> dict[str, Any]:
        run = compare(place, row)
        for name, error in run["errors"].items():
            if not math.isfinite(error):
                raise InputError(
                    f"{place}: `{name}` is {run['claimed'][name]:g}, too far off to "
                    "compare; correct it."
                )
        return run

    runs = read_each(shown, compared)
    groups = dict.fromkeys(run["group"] for run in runs if "group" in run)
    return {
        "quantities": summarize_errors([run for run in runs if not run.get("fitted")]),
        "groups": {
            name: summarize_errors([run for run in runs if run["group"] == name])
            for name in groups
        },
        "runs": runs,
        "notes": [],
    }


def summarize_errors(runs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return rows, mean, median and worst error and rank correlation by quantity.

    Each run holds what was `claimed`, what was `found`, and `errors` as shares of the
    claimed values, by quantity; a quantity may lack in some of them.
    """
    names = dict.fromkeys(name for run in runs for name in run["errors"])
    summary = {}
    for name in names:
        having = [run for run in runs if name in run["errors"]]
        errors = np.abs([run["errors"][name] for run in having])
        summary[name] = {
            "rows": len(having),
            "mean": float(errors.mean()),
            "median": float(np.median(errors)),
            "worst": float(errors.max()),
            "spearman": _spearman(
                (run["found"][name] for run in having),
                (run["claimed"][name] for run in having),
            ),
        }
    return summary


def _spearman(first: Iterable[float], second: Iterable[float]) -> float:
    """Return the rank correlation; values within 1e-9 of each other share a rank."""

    def ranks(values: Iterable[float]) -> Any:
        rounded = pd.Series([float(f"{value:.9e}") for value in values])
        return rounded.rank().to_numpy()

    a, b = ranks(first), ranks(second)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan") if np.ptp(a) != np.ptp(b) else 1.0
    return float(np.corrcoef(a, b)[0, 1])
