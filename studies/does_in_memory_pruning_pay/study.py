"""Does in-memory pruning pay? Prints the tables of the answer and draws the figure."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from machines import HOSTS, LONGEST, MACHINES, attention, whole

import dse
from dse.sparsity.attention import AttentionPruning

LENGTHS = tuple(2**n for n in range(6, 15))
assert LENGTHS[-1] == LONGEST
BUFFERS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)  # KiB
PADDED = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
HELD = (0.0625, 0.125, 0.25, 0.5, 1.0)  # share of a sequence's keys that a buffer holds


def compare(tokens: int, *, padded: float = 0.0, kib: float = 32.0) -> dict[str, float]:
    """Return time, energy and reads of attention on every machine."""
    row: dict[str, float] = {"tokens": tokens, "padded": padded, "buffer_kib": kib}
    for name in MACHINES:
        found = attention(name, tokens, padded=padded, kib=kib)
        row[f"{name}_ms"] = float(found.latency) * 1e3
        row[f"{name}_mj"] = float(found.energy) * 1e3
        row[f"{name}_mbit"] = float(found.extras["main_memory_read_mbit"])
    return row


def compare_whole(tokens: int) -> dict[str, float]:
    """Return time and energy of a whole BERT on each host, alone and paired."""
    row = {"tokens": float(tokens)}
    for host in HOSTS:
        for name, paired in ((host, False), (f"{host}_paired", True)):
            found = whole(host, tokens, paired=paired)
            row[f"{name}_ms"] = float(found.latency) * 1e3
            row[f"{name}_mj"] = float(found.energy) * 1e3
    return row


def compare_locality() -> list[dict[str, object]]:
    """Return the reuse of kept keys by every curve that measured it, and as assumed."""
    closed = AttentionPruning()
    rows: list[dict[str, object]] = []
    for name in dse.curve_names():
        curve = dse.load_curve(name)
        if curve.pairs is None or curve.pairs.reuse is None:
            continue
        for setting, kept in zip(curve.settings, curve.pairs.kept, strict=True):
            measured = curve.attention(float(setting))
            own = {f"{held:g}": float(measured.reuse(held, 1.0)) for held in HELD}
            rows.append({"curve": name, "kept": float(kept)} | own)
    form = {f"{held:g}": float(closed.reuse(held, 1.0)) for held in HELD}
    return [*rows, {"curve": "closed form", "kept": None} | form]


def answer() -> dict[str, pd.DataFrame]:
    """Return all tables of the study."""
    tables = {
        "length": [compare(tokens) for tokens in LENGTHS],
        "capacity": [compare(4096, kib=kib) for kib in BUFFERS],
        "padding": [compare(384, padded=share) for share in PADDED],
        "whole": [compare_whole(tokens) for tokens in LENGTHS[1:7]],
        "locality": compare_locality(),
    }
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


if __name__ == "__main__":
    from figure import draw

    for name, table in (tables := answer()).items():
        print(f"\n{name}\n{table.to_string(index=False, float_format='{:.4g}'.format)}")
    draw(tables, Path(__file__).with_name("figure.svg"))
