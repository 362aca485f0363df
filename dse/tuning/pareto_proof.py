"""Fronts with a certificate: how far a design of the space may lie beyond one."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
from tqdm.auto import tqdm

from dse.errors import InputError
from dse.evaluation import Timing
from dse.explore.arguments import count, texts
from dse.explore.asked import TechnologyLike, WorkloadLike, check_timing
from dse.explore.basis import read_suite
from dse.explore.limits import EXAMPLE
from dse.explore.objectives import read_objectives
from dse.explore.runs import Runs
from dse.explore.space import Space, check_space
from dse.tuning.enclosure import Enclosure
from dse.tuning.problem import Problem
from dse.tuning.proof import FrontProof
from dse.tuning.prove_front import prove_front
from dse.tuning.tune import read_wanted
from dse.tuning.tune_front import FrontSearcher, as_runs


@dataclass(frozen=True, eq=False)
class ProvenFront:
    """A front, and what is proven of it."""

    front: Runs
    proof: FrontProof

    def __repr__(self) -> str:
        return f"ProvenFront({self.proof.verdict})"


def pareto_proof(
    space: Space,
    workload: WorkloadLike | Sequence[WorkloadLike],
    *,
    objectives: Sequence[str] = ("max:throughput", "min:energy", "min:area"),
    gap: float = 0.01,
    weights: Sequence[float] | None = None,
    limits: Sequence[str] = (),
    buildable: bool = True,
    accept_foreign_accuracy: bool = False,
    budget: int = 20_000,
    prove_seconds: float | None = None,
    proof_file: str | pathlib.Path | None = None,
    proof_from: Sequence[str | pathlib.Path] = (),
    shard: str = "1/1",
    key: Any = None,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
    progress: bool = True,
) -> ProvenFront:
    """Return a front that no design of a space lies beyond by more than a gap.

    Of every design that keeps all limits, one of the front comes within a factor of
    1 + `gap` in every objective: its energy is at most that much higher, its throughput
    that much lower. A front begins from what `tune_front` finds by at most `budget`
    evaluations; bounds over whole boxes of designs then close the space, and what lies
    beyond the front joins it. So a space may be far too large to enumerate. After
    `prove_seconds` the search ends, and `proof.gap` says what is proven by then.
    `proof_file`, `proof_from` and `shard` are those of `dse.tune`.

    Raises `InputError` for fewer than two objectives, for a gap that is not above 0,
    and for what `tune_front` and `tune` refuse.
    """
    check_space(space)
    check_timing(timing)
    budget = count("budget", budget)
    wanted = read_wanted(True, gap, prove_seconds, proof_file, proof_from, shard)
    if wanted is None or not wanted.gap > 0.0:
        raise InputError("`gap` is 0; give a share above 0, as 0.01.")
    read = read_objectives(objectives)
    if len(read) < 2:
        raise InputError(
            "a front has two objectives or more; `dse.tune(..., prove=True)` proves "
            "the best by one."
        )
    problem = Problem(
        [str(objective) for objective in read],
        space,
        suite=read_suite(workload, weights),
        subject_to=texts("limits", limits, EXAMPLE),
        buildable=buildable,
        accept_foreign_accuracy=accept_foreign_accuracy,
        technology=technology,
        timing=timing,
    )
    # What is written to a file another program finds again, by plain bounds.
    enclosure = Enclosure(problem, plain=wanted.plain)
    asked = wanted.ask(enclosure)
    search = FrontSearcher(problem, None, starts=0, steps=1)
    key = jax.random.key(0) if key is None else key
    with tqdm(unit="evaluation", disable=not progress, delay=2.0) as bar:
        begin = search(key, budget, bar.update)

        def tell(proof: FrontProof) -> None:
            bar.set_postfix_str(proof.progress)
            bar.update(search.exact.evaluations + proof.boxes - bar.n)

        points, proof = prove_front(
            enclosure, search.exact, begin.points, **asked, tell=tell
        )
    runs = as_runs(problem, points, search.exact, read, problem.limits)
    return ProvenFront(runs, proof)
