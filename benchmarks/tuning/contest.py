"""Fronts: gradients and local search against random, Sobol and NSGA-II.

`python benchmarks/tuning/contest.py --seeds 10 --out benchmarks/tuning/fronts.json`

All use the same exact model, traced once. Contests are at equal evaluations and at the
CPU seconds that local search took; wall time depends on what else a machine does. What
a gradient costs, in evaluations, and its compilation, is measured beside them.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from baselines import Contestant, nsga2, random, sobol, spent, tpe, until
from truth import OBJECTIVES, Front, exact_front, load

from dse.tuning.problem import Problem
from dse.tuning.tune_front import FrontSearcher

BUDGET = 20_000
OTHERS = {
    "random": random,
    "sobol": sobol,
    **{f"nsga2_{n}": partial(nsga2, population=n) for n in (100, 200, 400)},
}
TPE_SHARE = 40  # TPE is given this part of the evaluations: each takes it milliseconds
GOALS = (0.99, 0.999)


def score(truth: Front, costs: Any) -> dict[str, Any]:
    return {
        "hypervolume": truth.share(costs),
        "log_hypervolume": truth.log_share(costs),
        "designs": len(costs),
        "exact": _shared(truth.costs, costs),
    }


def run_ours(searcher: FrontSearcher, truth: Front, seed: int) -> dict[str, Any]:
    began = time.process_time(), time.perf_counter()
    found = searcher(jax.random.key(seed), BUDGET, lambda _: None)
    told = {
        **score(truth, found.costs),
        "evaluations": searcher.exact.evaluations,
        "gradients": searcher.gradients,
        "cpu_s": time.process_time() - began[0],
        "wall_s": time.perf_counter() - began[1],
        "rounded_starts": truth.share(searcher.history[0][1]),
    }
    for goal in GOALS:
        told[f"evaluations_to_{goal}"] = next(
            (n for n, costs in searcher.history if truth.share(costs) >= goal), None
        )
    return told


def run_other(
    contestant: Contestant, truth: Front, go: Callable[[], None]
) -> dict[str, Any]:
    began = time.process_time()
    go()
    return {
        **score(truth, contestant.front),
        "evaluations": contestant.exact.evaluations,
        "cpu_s": time.process_time() - began,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=400)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    if importlib.util.find_spec("pymoo") is None:
        sys.exit("NSGA-II is pymoo's: install `dse[baselines]`, or run `make contest`.")
    study = load()
    truth = exact_front(study)
    problem = Problem(
        OBJECTIVES, study.space, suite=study.suite, technology=study.technology
    )
    began = time.process_time()
    local = FrontSearcher(problem, starts=0, steps=60)
    trace_exact = time.process_time() - began
    began = time.process_time()
    hybrid = FrontSearcher(problem, starts=64, steps=60)
    hybrid.first_points(jax.random.key(0))
    compile_descent = time.process_time() - began - trace_exact
    hybrid.exact = local.exact
    cost = gradient_cost(hybrid)
    rows = []
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        ours = run_ours(hybrid, truth, seed)
        own = run_ours(local, truth, seed)
        row = {"seed": seed, "hybrid": ours, "local": own}
        budgets = {
            "evaluations": partial(spent, BUDGET),
            "cpu": partial(until, own["cpu_s"]),
        }
        for name, go in OTHERS.items():
            for budget, stop in budgets.items():
                contestant = Contestant(problem, hybrid.exact)
                went = partial(go, contestant, stop(contestant), seed)
                row[f"{name}_equal_{budget}"] = run_other(contestant, truth, went)
        if importlib.util.find_spec("optuna"):
            contestant = Contestant(problem, hybrid.exact)
            few = spent(BUDGET // TPE_SHARE, contestant)
            row["tpe_few"] = run_other(
                contestant, truth, partial(tpe, contestant, few, seed)
            )
        rows.append(row)
        print(json.dumps(row), flush=True)
    told = {
        "designs": study.space.size,
        "exact_front": len(truth.costs),
        "trace_exact_cpu_s": trace_exact,
        "compile_descent_cpu_s": compile_descent,
        "gradient_cost_in_evaluations": cost,
        "runs": rows,
    }
    asked.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def gradient_cost(searcher: FrontSearcher) -> float:
    """CPU time of a gradient over that of an exact evaluation, both in batches."""
    points = np.zeros((4096, len(searcher.exact.example)))
    began = time.process_time()
    for _ in range(10):
        searcher.exact.answers(points)
    evaluation = (time.process_time() - began) / (10 * 4096)
    began = time.process_time()
    for seed in range(5):
        searcher.first_points(jax.random.key(seed))
    return (time.process_time() - began) / (5 * searcher.gradients) / evaluation


def _shared(truth: Any, costs: Any) -> int:
    close = [(np.abs(costs / row - 1.0) < 1e-9).all(axis=1).any() for row in truth]
    return int(np.sum(close))


if __name__ == "__main__":
    main()
