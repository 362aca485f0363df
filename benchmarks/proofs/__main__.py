"""Proofs: against enumeration, and on spaces that nobody can enumerate.

`python -m benchmarks.proofs small --out FILE`: four questions and 40 drawn at random on
AccelTran's space, each proven and enumerated. `large`: one question on each of four
spaces of some 10^16 designs; `fronts`: a front of three objectives of each; `growth`:
the questions on ever more of these designs. `--seconds` for each.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

import dse
from benchmarks.proofs.large import CASES, Case, thinned
from benchmarks.proofs.truth import Question, draw_questions, optima
from benchmarks.tuning.truth import QUESTIONS, load
from dse.explore.objectives import read_objective

TUNED = {"starts": 16, "steps": 60, "progress": False}
SIZES = (1e8, 1e10, 1e12, 1e14, 1e16)  # designs
FRONT_GAP = 0.02


def prove_small(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield what is proven of each question, beside what enumeration finds."""
    study = load()
    questions: list[Question] = [*QUESTIONS, *draw_questions(study, count, seed)]
    began = time.perf_counter()
    truth = optima(study, questions)
    print(
        f"{study.space.size:,} designs enumerated for {len(truth)} questions in "
        f"{time.perf_counter() - began:.0f} s"
    )
    suite, weights = zip(*study.suite, strict=True)
    for number, ((goal, limits), best) in enumerate(zip(questions, truth, strict=True)):
        found = dse.tune(
            goal,
            study.space,
            workload=suite,
            weights=weights,
            subject_to=limits,
            technology=study.technology,
            timing=study.timing,
            key=jax.random.key(number),
            prove=True,
            **TUNED,
        )
        cost = found.objective * (-1.0 if read_objective(goal).maximize else 1.0)
        same = cost == best if found.feasible else np.isinf(best)
        assert found.proof is not None
        yield {
            "objective": goal,
            "limits": list(limits),
            "enumerated": best if np.isfinite(best) else None,
            "same": bool(same and found.proof.optimal),
            **found.proof.to_json(),
        }


def prove_large(names: list[str], seconds: float) -> Iterator[dict[str, Any]]:
    """Yield what is proven of each family in some seconds."""
    for name in names:
        yield _prove(name, CASES[name](), seconds)


def prove_growing(names: list[str], seconds: float) -> Iterator[dict[str, Any]]:
    """Yield what is proven of each family, of ever more designs."""
    for name in names:
        case = CASES[name]()
        for size in SIZES:
            yield _prove(name, thinned(case, size), seconds)


def _prove(name: str, case: Case, seconds: float) -> dict[str, Any]:
    suite, weights = zip(*case.suite, strict=True)
    found = dse.tune(
        case.objective,
        case.space,
        workload=suite,
        weights=weights,
        subject_to=case.limits,
        accept_foreign_accuracy=True,
        prove=True,
        prove_seconds=seconds,
        **TUNED,
    )
    assert found.proof is not None
    return {
        "engine": name,
        "objective": case.objective,
        "limits": list(case.limits),
        "values": dict(found.values),
        "found": found.objective,
        **found.proof.to_json(),
        "most_memory_gb": _most_memory(),
    }


def prove_fronts(names: list[str], seconds: float) -> Iterator[dict[str, Any]]:
    """Yield what is proven of a front of each family."""
    for name in names:
        case = CASES[name]()
        suite, weights = zip(*case.suite, strict=True)
        found = dse.pareto_proof(
            case.space,
            suite,
            weights=weights,
            limits=case.limits,
            accept_foreign_accuracy=True,
            gap=FRONT_GAP,
            prove_seconds=seconds,
            progress=False,
        )
        yield {
            "engine": name,
            "objective": ", ".join(map(str, found.front.objectives)),
            "limits": list(case.limits),
            **found.proof.to_json(),
            "most_memory_gb": _most_memory(),
        }


def _most_memory() -> float:
    """Return the most memory that this process has held until now, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


OF_FAMILIES = {"large": prove_large, "fronts": prove_fronts, "growth": prove_growing}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proofs")
    parser.add_argument("which", choices=["small", *OF_FAMILIES])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--engines", nargs="*", default=list(CASES))
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if asked.which == "small":
        rows = prove_small(asked.count, asked.seed)
    else:
        rows = OF_FAMILIES[asked.which](asked.engines, asked.seconds)
    told = []
    for row in rows:
        told.append(row)
        same = {True: "equal", False: "NOT EQUAL", None: ""}[row.get("same")]
        print(
            f"{row.get('engine', '')} {row['objective']} | {', '.join(row['limits'])} "
            f"| {row['verdict']} {same}{_memory(row)}",
            flush=True,
        )
    if asked.which == "small":
        print(_summary(told))
    if asked.out is not None:
        asked.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _memory(row: dict[str, Any]) -> str:
    memory = row.get("most_memory_gb")
    return "" if memory is None else f" {memory:.2f} GB"


def _summary(rows: list[dict[str, Any]]) -> str:
    spent = np.asarray([[row["evaluations"], row["seconds"]] for row in rows])
    median, most = np.median(spent, axis=0), spent.max(axis=0)
    few = np.mean(spent[:, 0] <= 20_000), np.mean(spent[:, 1] <= 2.0)
    return (
        f"{sum(row['same'] for row in rows)} of {len(rows)} proven and equal to "
        f"enumeration; evaluations {median[0]:,.0f} in the median, {most[0]:,.0f} at "
        f"most, {few[0]:.0%} within 20,000; seconds {median[1]:.2g} and {most[1]:.2g}, "
        f"{few[1]:.0%} within 2"
    )


if __name__ == "__main__":
    main()
