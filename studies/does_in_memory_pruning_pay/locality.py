"""What measured curves say of locality, and of the accuracy that few bits lose."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from machines import SPRINT, bert

import dse
from dse.sparsity.attention import AttentionPruning

HELD = (0.0625, 0.125, 0.25, 0.5, 0.75, 1.0)  # share of the keys that a buffer holds
BITS = (2, 3, 4, 5, 6, 8)
TOKENS = 1024
MOST_LOST = 0.02  # of accuracy, as a share


def measured() -> Iterator[tuple[dse.Curve, float, float]]:
    """Yield every setting, and what it keeps, of curves that measured reuse."""
    for name in dse.curve_names():
        curve = dse.load_curve(name)
        if curve.pairs is None or curve.pairs.reuse is None:
            continue
        for setting, kept in zip(curve.settings, curve.pairs.kept, strict=True):
            yield curve, float(setting), float(kept)


def compare_locality() -> pd.DataFrame:
    """Return measured reuse by capacity, and what it makes of M-SPRINT's reads."""
    law = AttentionPruning()
    closed = {f"{held:g}": float(law.reuse(held * TOKENS, TOKENS)) for held in HELD}
    rows: list[dict[str, object]] = []
    for curve, setting, kept in measured():
        found = curve.attention(setting)
        own = {f"{held:g}": float(found.reuse(held * TOKENS, TOKENS)) for held in HELD}
        assumed = bert(TOKENS).with_attention(kept=kept).attention_only()
        reads = [
            float(dse.evaluate(SPRINT, run).extras["main_memory_read_mbit"])
            for run in (assumed.replace(attention=found), assumed)
        ]
        ratio = reads[0] / reads[1]
        rows.append({"curve": curve.name, "kept": kept, "reads": ratio} | own)
    return pd.DataFrame([*rows, {"curve": "closed form"} | closed])


def compare_bits() -> pd.DataFrame:
    """Return the points of accuracy that comparing few bits in memory loses.

    They come on top of those of pruning itself. Of each measured curve, at the sharpest
    setting at which that is at most `MOST_LOST`.
    """
    chosen: dict[str, tuple[dse.Curve, float, float]] = {}
    for curve, setting, kept in measured():
        sharpest = chosen[curve.name][2] if curve.name in chosen else 1.0
        if float(curve.accuracy_drop(setting)) <= MOST_LOST and kept < sharpest:
            chosen[curve.name] = (curve, setting, kept)
    rows: list[dict[str, object]] = []
    for curve, setting, kept in chosen.values():
        run = bert(TOKENS).attention_only().with_curve(curve, setting, stand_in=True)
        for bits in BITS:
            machine = SPRINT.replace(pruning_bits=bits)
            drop = dse.evaluate(machine, run).accuracy_drop
            loss = 100.0 * (float(drop) - float(curve.accuracy_drop(setting)))
            rows.append({"curve": curve.name, "kept": kept, "bits": bits, "lost": loss})
    return pd.DataFrame(rows)
