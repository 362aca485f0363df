"""Pareto filtering, ours against pymoo and paretoset, on the same points."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.speed.peers.install import python_of
from benchmarks.speed.table import cpu_seconds, short
from dse.explore.pareto import front_mask

Points = np.ndarray[Any, Any]
SCRIPT = Path(__file__).parent / "peers" / "run_fronts.py"


class Filtering(NamedTuple):
    """CPU seconds of each tool for some points; None where it did not run."""

    points: str
    on_front: int
    dse: float
    paretoset: float | None
    pymoo: float | None


def clouds(scale: float) -> Iterator[tuple[str, Points]]:
    """Yield kinds of points with three objectives: easy, as in sweeps, and worst."""
    chance = np.random.default_rng(0)
    for count in (int(20_000 * scale), int(1_000_000 * scale)):
        yield f"{count:,} in a cube", chance.random((count, 3))
    count = int(20_000 * scale)
    outward = np.abs(chance.normal(size=(count, 3)))
    sphere = outward / np.linalg.norm(outward, axis=1, keepdims=True)
    yield f"{count:,} on a sphere", sphere


def filterings(scale: float) -> list[Filtering]:
    """Return what each kind of points costs; all tools must agree on the front."""
    found = []
    for name, costs in clouds(scale):
        front = np.flatnonzero(front_mask(costs)).tolist()
        ours = cpu_seconds(lambda costs=costs: front_mask(costs), repeats=3)
        others = _others(costs)
        for tool, told in others.items():
            if told["front"] != front:
                raise AssertionError(f"{tool} finds another front of {name}")
        spent = {tool: told["cpu_s"] for tool, told in others.items()}
        rest = [spent.get(tool) for tool in ("paretoset", "pymoo")]
        found.append(Filtering(name, len(front), ours, *rest))
    return found


def _others(costs: Points) -> dict[str, Any]:
    python = python_of("fronts")
    if python is None:
        return {}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "costs.npy"
        np.save(file, costs)
        command = [str(python), str(SCRIPT), str(file)]
        said = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return told


def rows(found: list[Filtering]) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of a table."""
    heads = ["points, 3 objectives", "on the front", "dse", "paretoset", "pymoo"]

    def beside(spent: float | None, ours: float) -> str:
        if spent is None:
            return "not run"
        return f"{short(spent)} s, {short(spent / ours)} times"

    return heads, [
        [
            f.points,
            f"{f.on_front:,}",
            f"{short(f.dse)} s",
            beside(f.paretoset, f.dse),
            beside(f.pymoo, f.dse),
        ]
        for f in found
    ]
