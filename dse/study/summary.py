"""What a front says: its knee, its extremes, and where published machines stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.errors import InputError
from dse.evaluation import Metrics
from dse.explore.accuracy import grounds
from dse.explore.limits import read_limits
from dse.explore.most_broken import most_broken
from dse.explore.objectives import Objective
from dse.explore.runs import Runs, column_name, file_units
from dse.hardware.buildable import BUILDABLE
from dse.study.study import Study
from dse.tuning.proof import FrontProof
from dse.units import from_si


@dataclass(frozen=True, eq=False, kw_only=True)
class Standing:
    """Where one machine stands against a front.

    `beaten_by` are the rows of the front that are better in at least one objective and
    worse in none. `rival` is the row that beats it most evenly, or comes nearest to
    that: its smallest gain over all objectives is the largest. `gains` say, by metric,
    how many times better the rival is: above 1 it is better, below 1 the machine is.
    `breaks` says in words which limits of the study the machine itself breaks.
    """

    name: str
    metrics: Metrics
    beaten_by: Rows
    rival: int
    gains: Mapping[str, float]
    breaks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Summary:
    """The answer of a study: rows of the front that stand out, and the references.

    `knee` and the values of `best` (by objective) are rows of `front`. `proof` says how
    far designs may lie beyond a front that was not searched for whole.
    """

    study: Study
    front: Runs
    knee: int
    best: Mapping[str, int]
    standings: Sequence[Standing]
    proof: FrontProof | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the summary as plain data, units in the names."""
        study, front = self.study, self.front
        return {
            "study": study.name,
            "question": study.question,
            "engine": type(study.space.design).__name__,
            **study.basis.to_json(moved=study.space.names),
            "accuracy": grounds(study.space, study.basis).to_json(),
            "hash": study.hash,
            "objectives": list(study.objectives),
            "limits": list(study.limits),
            "why_density": list(study.why_density),
            "designs_evaluated": front.evaluated,
            "designs_on_front": len(front),
            "knee": row_as_json(front, self.knee),
            "best": {name: row_as_json(front, row) for name, row in self.best.items()},
            "references": {
                standing.name: {
                    **metrics_as_json(standing.metrics),
                    "breaks": list(standing.breaks),
                    "beaten_by_designs": len(standing.beaten_by),
                    "beaten_by_share_of_front": len(standing.beaten_by) / len(front),
                    "rival": row_as_json(front, standing.rival),
                    "rival_times_better": dict(standing.gains),
                }
                for standing in self.standings
            },
            "sources": list(study.sources),
            **({} if self.proof is None else {"proof": self.proof.to_json()}),
        }


def summarize(study: Study, front: Runs, proof: FrontProof | None = None) -> Summary:
    """Return what stands out of the front of a study, and what is proven of it.

    Raises `InputError` for an empty front.
    """
    if len(front) == 0:
        within = f" within {', '.join(study.limits)}" if study.limits else ""
        if proof is not None and proof.left:
            raise InputError(f"no design was found{within}: {proof.verdict}")
        designs = front.evaluated if proof is None else proof.designs
        limits = read_limits(study.limits, study.basis.counted)
        told = most_broken(study.space, study.evaluator(), limits)
        raise InputError(
            f"none of the {designs:,} designs of `{study.name}` is legal"
            f"{within}: {told}. Loosen what is broken most, or widen the space."
        )
    costs = front.costs(front.objectives)
    return Summary(
        study=study,
        front=front,
        knee=front.knee(),
        best={
            str(o): int(costs[:, i].argmin()) for i, o in enumerate(front.objectives)
        },
        standings=[
            replace(stand(name, metrics, front), breaks=broken_limits(study, metrics))
            for name, metrics in study.evaluate_references().items()
        ],
        proof=proof,
    )


def broken_limits(study: Study, metrics: Metrics) -> tuple[str, ...]:
    """Return in words which limits of a study a machine breaks."""
    limits = read_limits(study.limits, study.basis.counted)
    known = [limit for limit in limits if getattr(metrics, limit.metric) is not None]
    own = [
        str(limit)
        for limit in known
        if not limit.physical and float(limit.excess(metrics)) > 1e-9
    ]
    return (*(metrics.cannot_be_built if BUILDABLE in study.limits else ()), *own)


def stand(name: str, metrics: Metrics, front: Runs) -> Standing:
    """Return where a machine with these metrics stands against a front."""
    objectives = front.objectives
    rows = front.costs(objectives)
    own = np.asarray([float(objective.cost(metrics)) for objective in objectives])
    no_worse, better = (rows <= own).all(axis=1), (rows < own).any(axis=1)
    gains = np.stack([_gain(o, rows[:, i], own[i]) for i, o in enumerate(objectives)])
    rival = int(gains.min(axis=0).argmax())
    return Standing(
        name=name,
        metrics=metrics,
        beaten_by=np.flatnonzero(no_worse & better),
        rival=rival,
        gains={o.metric: float(gains[i, rival]) for i, o in enumerate(objectives)},
    )


def _gain(objective: Objective, costs: Rows, own: float) -> Rows:
    """Return how many times better each row is; 1 where both are 0."""
    better, worse = (costs, own) if objective.maximize else (own, costs)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.asarray(better) / np.asarray(worse)
    return np.where(costs == own, 1.0, gain)


def row_as_json(runs: Runs, row: int) -> dict[str, Any]:
    """Return one design of runs with its metrics, units in the names."""
    columns = runs.take([row]).columns
    return {
        name: values.item()
        for name, values in columns.items()
        if name not in ("feasible", "reason")
    }


def metrics_as_json(metrics: Metrics) -> dict[str, float]:
    """Return the totals of one run, units in the names."""
    return {
        column_name(metric, unit): from_si(float(getattr(metrics, metric)), unit)
        for metric, unit in file_units(metrics.counted).items()
        if getattr(metrics, metric) is not None
    }
