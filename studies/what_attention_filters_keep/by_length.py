"""What changes with the length of a sequence: prints a table and draws its figure.

Reads the curves of all lengths that `dse` ships.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from filters import KEPT, MODEL, setting_at
from length_figure import draw

import dse
from dse.sparsity.curve_names import curve_path, paths_by_length

THRESHOLD = 0.005  # of DynaTran: some 10 % of all activations zero
MIX = 0.0  # of MP-MRF: drop what is below the mean
BUFFER, BLOCK = 0.2, 8.0  # share of the keys, and adjacent queries
FILTERS = ("mp_mrf",)


def curves(policy: str) -> dict[int, dse.Curve]:
    """Return the curves of a policy by the tokens of their sequences, rising."""
    main = dse.load_curve(f"{MODEL}/{policy}")
    others = paths_by_length(curve_path(f"{MODEL}/{policy}"))
    found = {n: dse.load_curve(path) for n, path in others.items()}
    return dict(sorted((found | {main.about.seq_len: main}).items()))


def density() -> pd.DataFrame:
    """Return what DynaTran leaves at one threshold, a row per length."""
    rows = {
        n: {
            "all activations": float(curve.density("activations", THRESHOLD)),
            "probabilities": float(curve.density("softmax", THRESHOLD)),
            "lost": float(curve.accuracy_drop(THRESHOLD)),
            "spread": float(curve.spread_at(THRESHOLD)),
        }
        for n, curve in curves("dynatran").items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def rounds() -> pd.DataFrame:
    """Return the share of pairs that each round of MP-MRF leaves at one mix."""
    rows = {
        n: {
            "first round": float(curve.attention(MIX).kept_first_round),
            "kept": float(curve.kept(MIX)),
            "lost": float(curve.accuracy_drop(MIX)),
            "spread": float(curve.spread_at(MIX)),
        }
        for n, curve in curves("mp_mrf").items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def locality(policy: str) -> pd.DataFrame:
    """Return loss, overlap, reuse and union of a filter at `KEPT`, a row per length."""
    rows = {}
    for n, curve in curves(policy).items():
        setting = setting_at(curve, KEPT)
        pairs = curve.attention(setting)
        rows[n] = {
            "lost": float(curve.accuracy_drop(setting)),
            "spread": float(curve.spread_at(setting)),
            "overlap": float(np.interp(setting, curve.settings, curve.pairs.overlap)),
            "reuse": float(pairs.reuse(BUFFER * n, float(n))),
            "union": float(pairs.union(BLOCK, KEPT)),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def main() -> None:
    """Print the answer and draw its figure."""
    left, kept = density(), rounds()
    near = {policy: locality(policy) for policy in FILTERS}
    print(f"DynaTran at {THRESHOLD}\n{left.round(3)}\n\nMP-MRF at {MIX}")
    print(kept.round(3))
    for policy, table in near.items():
        print(f"\n{policy} at {KEPT} kept\n{table.round(3)}")
    draw(left, kept, near, Path(__file__).with_name("by_length.svg"))


if __name__ == "__main__":
    main()
