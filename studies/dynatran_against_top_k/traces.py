"""Accuracy by zeros, and by multiplications skipped, along the shipped curves."""

from __future__ import annotations

import numpy as np
import pandas as pd

import dse

MODELS = ("minilm-l6", "bert-tiny")
PUBLISHED = {
    "dynatran": "bert-base/sst-2/dynatran",
    "topk": "bert-base/sst-2/topk",
}
POINTS = 4001  # of each curve


def trace(curve: dse.Curve, shape: str | None = None) -> pd.DataFrame:
    """Return accuracy, zeros and, where measured, skipped products along a curve."""
    settings = np.linspace(curve.settings[0], curve.settings[-1], POINTS)
    table = pd.DataFrame({"setting": settings, "accuracy": curve.accuracy_at(settings)})
    table["zeros"] = 1 - np.asarray(curve.density("activations", settings))
    if shape is not None and curve.balance is not None:
        table["skipped"] = skipped(curve, shape, settings)
    return table


def skipped(curve: dse.Curve, shape: str, settings: np.ndarray) -> np.ndarray:
    """Return the share of all multiplications with an operand that is zero."""
    layer = dse.transformer(shape, seq_len=curve.about.seq_len).blocks[1].ops
    work = dict(zip(layer.names, layer.macs, strict=True))
    useful = sum(
        work[product] * np.interp(settings, curve.settings, shares)
        for product, shares in curve.balance.useful.items()
    )
    return 1 - useful / sum(work[product] for product in curve.balance.useful)


def largest_ratio(tables: dict[str, pd.DataFrame], by: str) -> dict[str, float]:
    """Return the largest ratio of DynaTran's share to top-k's at one accuracy.

    At each accuracy that both reach, a policy gets the largest share at no less
    accuracy; shares under a percent are left out.
    """
    least = max(table.accuracy.min() for table in tables.values())
    best = min(table.accuracy.max() for table in tables.values())
    levels = np.linspace(least, best, 400)
    shares = {
        name: np.asarray([table[by][table.accuracy >= x - 1e-9].max() for x in levels])
        for name, table in tables.items()
    }
    ratio = shares["dynatran"] / np.maximum(shares["topk"], 0.01)
    place = int(np.argmax(ratio))
    return {
        "ratio": float(ratio[place]),
        "accuracy": float(levels[place]),
        **{name: float(share[place]) for name, share in shares.items()},
    }


def answer() -> tuple[dict[str, dict[str, pd.DataFrame]], pd.DataFrame]:
    """Return the traces by model and policy, and the largest ratios."""
    traces = {
        model: {
            p: trace(dse.load_curve(f"{model}/wordnet/{p}"), model) for p in PUBLISHED
        }
        for model in MODELS
    }
    traces["bert-base"] = {p: trace(dse.load_curve(c)) for p, c in PUBLISHED.items()}
    rows = [
        {"model": model, "share of": by, **largest_ratio(tables, by)}
        for model, tables in traces.items()
        for by in ("zeros", "skipped")
        if by in tables["topk"]
    ]
    return traces, pd.DataFrame(rows)
