"""Chip and pruning threshold tuned together, and each alone: prints the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax

import dse

ACCELTRAN = Path(__file__).parents[1] / "acceltran_design_space"
CURVE = "bert-base/sst-2/dynatran"
PUBLISHED = 0.04  # as in `acceltran_design_space`
FLOOR = "accuracy_drop <= 1 %"
OBJECTIVE = "min:energy_delay"


def ask() -> dict[str, Any]:
    """Return energy-delay and settings of AccelTran-Edge and of what beats it."""
    study = dse.load_study(ACCELTRAN)
    curve = dse.load_curve(CURVE)
    workload = study.suite[0][0].with_curve(curve, PUBLISHED).replace(batch=4.0)
    edge = dse.TileEngine.edge()
    area = float(dse.evaluate(edge, workload).area)
    limits = [f"area <= {area * 1e6:.6g} mm^2", FLOOR]
    thresholds = dse.continuous(float(curve.settings[0]), float(curve.settings[-1]))
    chip: dict[str, Any] = {
        name: list(axis.values)
        for name, axis in study.space.axes.items()
        # BERT needs GELU; batch and memory stay as those of AccelTran-Edge.
        if name not in ("non_linearity", "batch", "main_memory")
    }
    chip["issue_batch"] = dse.tied("pes / 8")
    spaces = {
        "threshold alone": dse.Space(edge, threshold=thresholds),
        "chip alone": dse.Space(edge, threshold=[PUBLISHED], **chip),
        "chip and threshold": dse.Space(edge, threshold=thresholds, **chip),
    }
    found = {
        name: dse.tune(
            OBJECTIVE,
            space,
            workload=workload,
            subject_to=limits,
            technology=study.technology,
            key=jax.random.key(0),
            steps=100,
        ).to_json()
        for name, space in spaces.items()
    }
    published = float(dse.evaluate(edge, workload).energy_delay)
    return {"as published": {"objective": published}} | found


def main() -> None:
    """Print the answers as JSON, energy-delay products compared."""
    found = ask()
    best_alone = min(found[n]["objective"] for n in ("threshold alone", "chip alone"))
    factor = best_alone / found["chip and threshold"]["objective"]
    print(json.dumps(found | {"better_than_either_alone": factor}, indent=2))


if __name__ == "__main__":
    main()
