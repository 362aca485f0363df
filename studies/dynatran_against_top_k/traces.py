"""Accuracy lost by zeros, and by multiplications skipped, along the shipped curves."""

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
LEAST = 0.01  # loss: below a point, error bars are as large as what they are drawn at


def trace(curve: dse.Curve, shape: str | None = None) -> pd.DataFrame:
    """Return loss, zeros and, where measured, skipped products along a curve."""
    settings = np.linspace(curve.settings[0], curve.settings[-1], POINTS)
    lost = np.asarray(curve.accuracy_drop(settings))
    table = pd.DataFrame({"setting": settings, "lost": lost})
    table["zeros"] = 1 - np.asarray(curve.density("activations", settings))
    if shape is not None and curve.balance is not None:
        table["skipped"] = skipped(curve, shape, settings)
    return table


def skipped(curve: dse.Curve, shape: str, settings: np.ndarray) -> np.ndarray:
    """Return the share of all multiplications with an operand that is zero."""
    layer = dse.transformer(shape, seq_len=curve.about.seq_len).blocks[1].ops
    work = dict(zip(layer.names, layer.macs, strict=True))
    useful = sum(
        work[product] * np.interp(settings, curve.settings, shares[:, 0])
        for product, shares in curve.balance.useful.items()  # in the smallest tiles
    )
    return 1 - useful / sum(work[product] for product in curve.balance.useful)


def largest_ratio(tables: dict[str, pd.DataFrame], by: str) -> dict[str, float]:
    """Return the largest ratio of DynaTran's share to top-k's at one loss of accuracy.

    At each loss that both reach, from `LEAST` on, a policy gets the largest share that
    costs no more.
    """
    most = min(table.lost.max() for table in tables.values())
    losses = np.linspace(LEAST, most, 400)
    shares = {name: share_at(table, by, losses) for name, table in tables.items()}
    ratio = shares["dynatran"] / shares["topk"]
    place = int(np.argmax(ratio))
    return {
        "ratio": float(ratio[place]),
        "lost": float(losses[place]),
        **{name: float(share[place]) for name, share in shares.items()},
    }


def share_at(table: pd.DataFrame, by: str, losses: np.ndarray) -> np.ndarray:
    """Return the largest share that costs no more than each loss."""
    return np.asarray([table[by][table.lost <= loss + 1e-9].max() for loss in losses])


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
