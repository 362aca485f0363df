"""How far a model is from finished runs of another program, by quantity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd


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
