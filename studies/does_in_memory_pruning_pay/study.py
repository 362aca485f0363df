"""Does in-memory pruning pay? Prints the tables of the answer and draws the figure."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from locality import compare_bits, compare_locality
from machines import CORELETS, LONGEST, MACHINES, attention, whole

LENGTHS = tuple(2**n for n in range(6, 15))
assert LENGTHS[-1] == LONGEST
BUFFERS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)  # KiB
PADDED = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


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
    """Return what a whole BERT takes on each host, and times less beside CORELETs."""
    row = {"tokens": float(tokens)}
    for host, counts in CORELETS.items():
        alone = whole(host, tokens)
        row[f"{host}_ms"] = float(alone.latency) * 1e3
        row[f"{host}_mj"] = float(alone.energy) * 1e3
        for corelets in counts:
            found = whole(host, tokens, corelets=corelets)
            row[f"{host}_{corelets}_time"] = float(alone.latency / found.latency)
            row[f"{host}_{corelets}_energy"] = float(alone.energy / found.energy)
    return row


def answer() -> dict[str, pd.DataFrame]:
    """Return all tables of the study."""
    tables = {
        "length": [compare(tokens) for tokens in LENGTHS],
        "capacity": [compare(4096, kib=kib) for kib in BUFFERS],
        "padding": [compare(384, padded=share) for share in PADDED],
        "whole": [compare_whole(tokens) for tokens in LENGTHS[1:7]],
    }
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    return frames | {"locality": compare_locality(), "bits": compare_bits()}


if __name__ == "__main__":
    from figure import draw

    for name, table in (tables := answer()).items():
        print(f"\n{name}\n{table.to_string(index=False, float_format='{:.4g}'.format)}")
    draw(tables, Path(__file__).with_name("figure.svg"))
