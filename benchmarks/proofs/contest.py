"""Other searches on questions of which the answer is proven: how near do they come?

`python -m benchmarks.proofs.contest --seeds 5`: each question on a space of some 10^16
designs is tuned and proven, then random search, NSGA-II and TPE get the CPU seconds
that both took. All ask the same exact model. NSGA-II is pymoo's, TPE Optuna's: install
`dse[baselines]`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

import dse
from benchmarks.proofs.__main__ import TUNED
from benchmarks.proofs.large import CASES, Case
from benchmarks.tuning.baselines import Contestant, nsga2, random, tpe, until
from dse.tuning.exact import Exact
from dse.tuning.problem import Problem

NEAR = 0.01  # how far beyond the proven optimum still counts as found


class Penalised(Contestant):
    """Tells a search that knows of no limits costs that rise with what breaks them."""

    def ask(self, points: Any) -> tuple[Any, Any]:
        """Costs, times more the more is broken, and violations."""
        costs, violation = super().ask(points)
        return costs * (1.0 + 10.0 * np.minimum(violation, 1e6)[:, None]), violation


OTHERS = {
    "random": (Contestant, random),
    "NSGA-II": (Contestant, partial(nsga2, population=100)),
    "TPE": (Penalised, tpe),
}


def contest(name: str, case: Case, seeds: int) -> Iterator[dict[str, Any]]:
    """Yield how far beyond the proven optimum each search ends, and ours before it."""
    suite, weights = zip(*case.suite, strict=True)
    asked: dict[str, Any] = {
        "subject_to": case.limits,
        "buildable": True,
        "accept_foreign_accuracy": True,
    }
    ours = partial(
        dse.tune, case.objective, case.space, workload=suite, weights=weights, **asked
    )
    problem = Problem([case.objective], case.space, suite=case.suite, **asked)
    exact = Exact(problem)
    for seed in range(seeds):
        began, key = time.process_time(), jax.random.key(seed)
        best = ours(key=key, prove=True, **TUNED)
        spent = time.process_time() - began
        assert best.proof is not None
        assert best.proof.optimal
        yield _row(name, "proof", seed, spent, best.proof.evaluations, 0.0)
        tuned = ours(key=key, **TUNED)
        off = tuned.objective / best.objective - 1.0 if tuned.feasible else np.inf
        yield _row(name, "tuning alone", seed, spent, tuned.evaluations, off)
        for other, (kind, search) in OTHERS.items():
            contestant = kind(problem, exact)
            search(contestant, until(spent, contestant), seed)
            costs = contestant.front[:, 0]
            off = costs.min(initial=np.inf) / abs(best.objective) - 1.0
            yield _row(name, other, seed, spent, exact.evaluations, off)


def _row(
    engine: str, search: str, seed: int, cpu: float, evaluations: int, off: float
) -> dict[str, Any]:
    return {
        "engine": engine,
        "search": search,
        "seed": seed,
        "cpu_s": cpu,
        "evaluations": evaluations,
        "off": off if np.isfinite(off) else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proofs.contest")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--engines", nargs="*", default=list(CASES))
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    rows = []
    for name in asked.engines:
        for row in contest(name, CASES[name](), asked.seeds):
            rows.append(row)
            print(json.dumps(row), flush=True)
    for search in dict.fromkeys(row["search"] for row in rows):
        off = [row["off"] for row in rows if row["search"] == search]
        found = [x for x in off if x is not None]
        beyond = sum(x is None or x > NEAR for x in off)
        middle = f"{np.median(found):.2%}" if found else "none"
        print(f"{search}: {beyond} of {len(off)} beyond 1 %; {middle} in the median")
    if asked.out is not None:
        asked.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
