"""What is claimed about speed, measured side by side: `python -m benchmarks.speed`.

Kinds are never mixed: configurations with a given mapping, evaluations of mappings, and
points with gradients are tables of their own. With `--out FILE` the run is recorded.
Other tools are run where `python -m benchmarks.speed.peers.install` put them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.speed import fronts, growth, machine
from benchmarks.speed.configurations import COMPILED, ONE, configurations
from benchmarks.speed.page import TABLES
from benchmarks.speed.peers.rates import rates
from benchmarks.speed.rates import (
    MACHINES,
    ROWS,
    Measured,
    any_rows,
    generations,
    gradients,
    grid,
)
from benchmarks.speed.table import Rate
from dse.evaluation import Timing

TIMINGS: tuple[Timing, ...] = ("walk", "roofline")
PRODUCTS = 8  # of a BERT layer: query, key, value, scores, context, output, two more


def measure(scale: float) -> dict[str, Any]:
    """Return all tables; `scale` below 1 is for a quick look."""
    walk, roofline = (configurations(t, scale) for t in TIMINGS)
    compared = next(r for r in walk if r.name == COMPILED)
    tiled = Rate(
        compared.name,
        "a product on a machine with one tile size",
        compared.per_cpu_s * PRODUCTS,
    )
    engines = _engines(max(int(ROWS * scale), 1))
    slopes = [
        Rate(COMPILED, f"{ONE}, {m.what}, {m.numbers} derivatives", m.per_cpu_s)
        for m in engines
        if m.engine == "tile" and "gradients" in m.what
    ]
    return {
        "configurations_walk": walk + rates("configurations"),
        "configurations_roofline": roofline,
        "mappings": [tiled, *rates("mappings")],
        "gradients": slopes + rates("gradients"),
        "fronts": fronts.filterings(scale),
        "growth": growth.costs(scale),
        "engines": engines,
        "generations": generations(max(int(ROWS * scale / 8), 1)),
    }


def _engines(rows: int) -> list[Measured]:
    found = []
    for engine in MACHINES:
        for timing in TIMINGS:
            found.append(any_rows(engine, timing, rows))
            found.append(gradients(engine, timing, rows // 2))
            found.append(grid(engine, timing))
    return found


def main() -> None:
    """Measure, print, and record if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed")
    parser.add_argument("--out", type=Path, help="a JSON file to record the run in")
    parser.add_argument("--scale", type=float, default=1.0, help="of all work")
    given = parser.parse_args()
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine().replace('_', '-')}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("jax", "numpy", "moocore")},
        "peak_per_cpu_s": machine.peak(),
        "bytes_per_cpu_s": machine.bandwidth(),
        "tables": measure(given.scale),
    }
    if given.out is not None:
        given.out.write_text(json.dumps(record, indent=1) + "\n")
    for name, text in TABLES.items():
        sys.stdout.write(f"{name}\n\n{text(record['tables'][name])}\n")


if __name__ == "__main__":
    main()
