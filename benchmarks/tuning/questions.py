"""Single objectives under constraints: does tuning find the exact optimum?

`python benchmarks/tuning/questions.py --out benchmarks/tuning/questions.json`

Each question is answered by enumerating AccelTran's whole space, then tuned from
different seeds, the descent compiled once a question.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import jax
import optax
from truth import QUESTIONS, exact_optimum, load

from dse.tuning.descent import Descent
from dse.tuning.exact import Exact
from dse.tuning.problem import Problem
from dse.tuning.tune import LEARNING_RATE, tune_problem

STARTS, STEPS = 64, 200


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=400)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    study, told = load(), []
    for objective, limits in QUESTIONS:
        optimum = exact_optimum(study, objective, limits)
        problem = Problem(
            [objective],
            study.space,
            suite=study.suite,
            subject_to=limits,
            technology=study.technology,
            timing=study.timing,
        )
        exact = Exact(problem)
        optimizer = optax.adam(LEARNING_RATE)
        descent = Descent(problem, optimizer, steps=STEPS)
        runs = []
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            began = time.process_time()
            found = tune_problem(problem, exact, descent, STARTS, jax.random.key(seed))
            row: dict[str, Any] = found.to_json()
            kept = ("objective", "feasible", "gap", "evaluations", "gradients")
            runs.append(
                {"seed": seed}
                | {name: row[name] for name in kept}
                | {"cpu_s": time.process_time() - began}
                | {"off": abs(found.objective / optimum - 1.0) if optimum else None}
            )
            print(json.dumps(runs[-1]), flush=True)
        told.append(
            {
                "objective": objective,
                "limits": list(limits),
                "exact": optimum,
                "hit": sum(
                    run["off"] is not None and run["off"] < 1e-9 for run in runs
                ),
                "within_1_percent": sum(
                    run["off"] is not None and run["feasible"] and run["off"] < 0.01
                    for run in runs
                ),
                "runs": runs,
            }
        )
    asked.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
