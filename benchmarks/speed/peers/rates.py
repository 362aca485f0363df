"""Rates of other tools: run anew where they are installed, quoted where not."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.speed.peers.install import PACKAGES, python_of
from benchmarks.speed.table import Rate

HERE = Path(__file__).parent
QUOTED = HERE.parent / "quoted.toml"
# Rows, summed axis and columns of the products of one BERT-Base layer at 128 tokens.
PRODUCTS = [
    [128, 768, 768],
    [128, 64, 128],
    [128, 128, 64],
    [128, 768, 3072],
    [128, 3072, 768],
]
DEFAULT_LIMIT = 6  # of the loops that ZigZag's LOMA permutes


def rates(kind: str) -> list[Rate]:
    """Return the rates of one kind: `configurations`, `mappings` or `gradients`."""
    found = []
    for row in tomllib.loads(QUOTED.read_text())[kind]:
        peer = row.pop("peer", None)
        quoted = Rate(**row)
        found.append(_run(peer, quoted) if peer and python_of(peer) else quoted)
    return found


def _run(peer: str, quoted: Rate) -> Rate:
    arguments, read = _RUNS[peer]
    command = [str(python_of(peer)), str(HERE / f"run_{peer}.py"), *arguments]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(said.stdout.splitlines()[-1])
    return quoted._replace(per_cpu_s=read(told), how=f"run: {PACKAGES[peer][0]}")


_RUNS: dict[str, tuple[list[str], Callable[[dict[str, Any]], float]]] = {
    "zigzag": (
        [json.dumps(PRODUCTS), str(DEFAULT_LIMIT)],
        lambda told: told["evaluations"] / told["cpu_s"],
    ),
    "scalesim": ([json.dumps(PRODUCTS[0])], lambda told: 1.0 / told["cpu_s"]),
    "accelforge": ([json.dumps(PRODUCTS[0])], lambda told: 1.0 / told["cpu_s"]),
}
