"""Fronts with a certificate: how far a design of the space may lie beyond one."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

import jax

from dse.arguments import count
from dse.errors import InputError
from dse.evaluation import Timing
from dse.explore.asked import TechnologyLike, WorkloadLike
from dse.explore.objectives import USUAL
from dse.explore.progress import progress_bar
from dse.explore.runs import Runs
from dse.explore.space import Space
from dse.tuning.asked_proof import read_wanted
from dse.tuning.descent import read_key
from dse.tuning.proof import FrontProof
from dse.tuning.prove_front import prove_front
from dse.tuning.tune_front import FrontSearcher, as_runs, front_problem


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
    objectives: Sequence[str] = USUAL,
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
    key: jax.Array | None = None,
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
    `prove_seconds`, or at Ctrl-C, the search ends, and `proof.gap` says what is proven
    by then. `proof_file`, `proof_from` and `shard` are those of `dse.tune`.

    Raises `InputError` for fewer than two objectives, for a gap that is not above 0,
    and for what `tune_front` and `tune` refuse.

    Examples:
        >>> space = dse.Space("reference:a100", cores=[54, 108, 216], batch=[1, 8, 64])
        >>> asked = ["max:throughput", "min:latency"]
        >>> found = dse.pareto_proof(space, "bert-tiny", objectives=asked, gap=0.05)
        >>> found.proof.reached, len(found.front)
        (True, 3)
    """
    budget, key = count("budget", budget), read_key(key)
    wanted = read_wanted(True, gap, prove_seconds, proof_file, proof_from, shard)
    if wanted is None or not wanted.gap > 0.0:
        raise InputError("`gap` is 0; give a share above 0, as 0.01.")
    problem = front_problem(
        space,
        workload,
        objectives,
        weights=weights,
        limits=limits,
        buildable=buildable,
        accept_foreign_accuracy=accept_foreign_accuracy,
        technology=technology,
        timing=timing,
    )
    if len(problem.objectives) < 2:
        raise InputError(
            "a front has two objectives or more; use `dse.tune(..., prove=True)` for "
            "the best by one."
        )
    enclosure, asked = wanted.begin(problem)
    search = FrontSearcher(problem, None, starts=0, steps=1)
    with progress_bar(progress, unit="evaluation") as bar:
        begin = search(key, budget, bar.update)

        def tell(proof: FrontProof) -> None:
            bar.set_postfix_str(proof.progress)
            bar.update(search.exact.evaluations + proof.boxes - bar.n)

        points, proof = prove_front(
            enclosure, search.exact, begin.points, **asked, tell=tell
        )
    return ProvenFront(as_runs(problem, points, search.exact), proof)
