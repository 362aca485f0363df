"""What the shipped curves say of filters: pairs kept, work saved, and locality."""

from __future__ import annotations

import numpy as np
import pandas as pd

import dse
from dse.measure.policies.mp_mrf import MpMrf
from dse.sparsity.attention import AttentionPruning

MODEL = "minilm-l6/wordnet"
POLICIES = ("mp_mrf", "sprint", "sprint_no_recompute", "topk")
ALLOWED = 0.009  # loss: what is published for Energon
KEPT = 0.205  # of the pairs: what SPRINT's figures say of BERT-Base
# A pass of the filter multiplies 4 by 2 bits, the exact product 16 by 16. Its cost as a
# share of one: by products of bits, as multipliers are built, or by bits, as data move.
PASS = {"bit products": (4 * 2) / (16 * 16), "bits": (4 + 2) / (16 + 16)}


def table(policy: str) -> pd.DataFrame:
    """Return what was measured of a policy, a row per setting."""
    curve = dse.load_curve(f"{MODEL}/{policy}")
    rows = pd.DataFrame(
        {
            "setting": curve.settings,
            "kept": curve.pairs.kept,
            "lost": curve.dense_accuracy - curve.accuracy,
            "spread": curve.spread,
            "overlap": curve.pairs.overlap,
        }
    )
    if curve.pairs.kept_first_round is not None:
        rows["first round"] = curve.pairs.kept_first_round
    return rows


def net_saved(rows: pd.DataFrame, cost: float, *, reuse: bool = True) -> pd.Series:
    """Return the share of attention's products saved, the filter's own counted in.

    Attention makes two products per pair, score and context, for those that are kept;
    the filter makes one pass over all pairs and more over what its first round left.
    """
    passes = MpMrf(first=0.0, second=0.0, reuse=reuse).filter_work(rows["first round"])
    return 1.0 - rows["kept"] - cost * passes / 2.0


def at_loss(rows: pd.DataFrame, column: str) -> float:
    """Return the value of a column where the loss reaches what is allowed."""
    order = rows.sort_values("kept", ascending=False)
    return float(np.interp(ALLOWED, order["lost"], order[column]))


def setting_at(curve: dse.Curve, kept: float) -> float:
    """Return the setting at which a share of the pairs is kept."""
    order = np.argsort(curve.pairs.kept)
    return float(np.interp(kept, curve.pairs.kept[order], curve.settings[order]))


def locality(policy: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return reuse by capacity and union by block at `KEPT`, with closed forms."""
    curve = dse.load_curve(f"{MODEL}/{policy}")
    measured = curve.attention(setting_at(curve, KEPT))
    closed = AttentionPruning()
    sizes, blocks = curve.pairs.capacities, curve.pairs.blocks
    keys = curve.about.seq_len
    reuse = {
        name: pairs.reuse(sizes * keys, keys)
        for name, pairs in (("measured", measured), ("closed", closed))
    }
    union = {
        "measured": measured.union(blocks, KEPT),
        "chance": closed.union(blocks, KEPT),
    }
    return (
        pd.DataFrame({"capacity": sizes, **reuse}),
        pd.DataFrame({"queries": blocks, **union}),
    )
