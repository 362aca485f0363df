"""Questions drawn at random: does tuning find what enumeration does, or say it cannot?

`python benchmarks/tuning/any_questions.py --out benchmarks/tuning/any_questions.json`

Objectives, limits and their bounds are drawn; bounds are quantiles of designs of the
space. Each question is asked once, from a seed of its own.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

import dse

STUDIES = Path(__file__).parents[2] / "studies"
# A study, how many questions it is asked, and a floor of accuracy if its space has one.
ASKED = {
    "acceltran_design_space": (24, ()),
    "does_codesign_pay/tile.toml": (8, ("accuracy_drop <= 1 %",)),
    "does_codesign_pay/nm.toml": (8, ("accuracy_drop <= 1.3 %",)),
    "does_codesign_pay/sprint.toml": (8, ("accuracy_drop <= 7 %",)),
    "does_codesign_pay/filter.toml": (8, ("accuracy_drop <= 5 %",)),
}
GOALS = ("max:throughput", *(f"min:{m}" for m in ("energy", "area", "power")))
GOALS += ("min:latency", "min:energy_delay")
SHOWN = {"area": (1e6, "mm^2"), "power": (1.0, "W"), "energy": (1e3, "mJ")}
SHOWN |= {"throughput": (1.0, "seq/s"), "latency": (1e6, "us")}
TIGHT, LOOSE = 0.03, 0.5  # shares of designs that a limit leaves
SAMPLE = 4000


def draw_limits(random: Any, goal: str, sample: Any) -> list[str]:
    """Return one to three limits that leave some of the designs, each by itself."""
    others = [metric for metric in SHOWN if metric != goal.split(":")[1]]
    limits = []
    for metric in random.choice(others, size=random.integers(1, 4), replace=False):
        size, unit = SHOWN[metric]
        most = metric != "throughput"
        share = random.uniform(TIGHT, LOOSE)
        bound = np.quantile(sample[metric], share if most else 1.0 - share) * size
        limits.append(f"{metric} {'<=' if most else '>='} {bound:.3g} {unit}")
    return limits


def ask(study: dse.Study, goal: str, limits: list[str], seed: int) -> dict[str, Any]:
    """Return what enumeration and tuning say of one question."""
    suite, weights = zip(*study.suite, strict=True)
    exact = dse.sweep(
        study.space,
        suite,
        weights=weights,
        front=(goal,),
        limits=limits,
        accept_foreign_accuracy=True,
        technology=study.technology,
        keep="distinct",
        progress=False,
    )
    began = time.perf_counter()
    found = dse.tune(
        goal,
        study.space,
        workload=suite,
        weights=weights,
        subject_to=limits,
        accept_foreign_accuracy=True,
        technology=study.technology,
        key=jax.random.key(seed),
        progress=False,
    )
    best = float(exact.column(goal.split(":")[1])[0]) if len(exact) else None
    both = best is not None and found.feasible
    return {
        "objective": goal,
        "limits": limits,
        "exact": best,
        "feasible": found.feasible,
        "off": abs(found.objective / best - 1.0) if both and best else None,
        "evaluations": found.evaluations,
        "wall_s": time.perf_counter() - began,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    random, told = np.random.default_rng(asked.seed), {}
    for name, (count, floor) in ASKED.items():
        study = dse.load_study(STUDIES / name)
        index = study.space.sample(min(SAMPLE, study.space.size), seed=asked.seed)
        sample = study.evaluator()(index)
        told[name] = []
        for seed in range(count):
            goal = str(random.choice(GOALS))
            limits = [*draw_limits(random, goal, sample), *floor]
            told[name].append(ask(study, goal, limits, seed))
            print(name, json.dumps(told[name][-1]), flush=True)
    asked.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
