"""From the accuracies of N:M models to curves over the share of weights kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dse.measure.curve_from import sampling_error
from dse.sparsity.curve_tables import About, CurveFile, CurveTable


def n_of_m_curve(
    table: pd.DataFrame,
    *,
    method: str,
    m: int,
    dense_steps: int,
    texts: int,
    about: dict[str, Any],
) -> CurveFile:
    """Return the curve N/M -> accuracy of one method and group size.

    `table` has a row per model: seed, method, n, m, steps, accuracy. The dense model is
    the one that was trained on for `dense_steps`, so that what is lost is lost by
    pruning and not by the length of training; a method's models are those that were
    trained longest. The spread is that of the accuracy over the `texts` it was judged
    by, and over seeds, of the loss of each seed against its own dense model (root of
    the sum of squares). At N/M = 1 stands the dense model.
    """
    dense = table[(table["method"] == "dense") & (table["steps"] == dense_steps)]
    reference = dense.set_index("seed")["accuracy"]
    own = table[(table["method"] == method) & (table["m"] == m)]
    longest = own.sort_values("steps").drop_duplicates(["seed", "n"], keep="last")
    by_seed = longest.pivot(index="seed", columns="n", values="accuracy")
    loss = by_seed.rsub(reference, axis=0)
    shares = (*(float(n) / m for n in by_seed.columns), 1.0)
    level = float(reference.mean())
    accuracy = np.array([*(level - loss.mean()), level])
    over_seeds = np.array([*loss.std(ddof=1).fillna(0.0), 0.0])
    spread = np.hypot(sampling_error(accuracy, texts), over_seeds)
    return CurveFile(
        about=About(policy=f"{method}_m{m}", setting="kept share N/M", **about),
        curve=CurveTable(
            settings=shares,
            accuracy=tuple(accuracy.tolist()),
            spread=tuple(spread.tolist()),
            dense_accuracy=level,
        ),
        density={"activations": (1.0,) * len(shares), "weights": shares},
    )


def gains(table: pd.DataFrame, *, over: str, per_series: bool) -> pd.Series:
    """Return how much better `idp` is than a method, a share, by seed and ratio.

    Compared are models at equal steps: those that led to the model, or, `per_series`,
    those of one model of a series (a whole series then costs both as much).
    """
    keys = ["seed", "m", "n"]
    idp = table[table["method"] == "idp"]
    other = table[table["method"] == over]
    if per_series:
        fewest = other.groupby(keys)["steps"].transform("min")
        other = other[other["steps"] == fewest]
    elif over != "one_shot":
        other = other.merge(idp[[*keys, "steps"]], on=[*keys, "steps"])
    both = idp.set_index(keys)["accuracy"] - other.set_index(keys)["accuracy"]
    found: pd.Series = both.dropna()
    return found


def mean_and_spread(by_seed: pd.Series) -> tuple[float, float]:
    """Return the mean over ratios and seeds, and its deviation from seed to seed."""
    per_seed = by_seed.groupby("seed").mean()
    spread = float(np.std(per_seed, ddof=1)) if len(per_seed) > 1 else 0.0
    return float(per_seed.mean()), spread
