"""The truth of the contest: exact fronts and optima of AccelTran's whole space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import dse
from dse.explore.objectives import read_objectives
from dse.explore.pareto import hypervolume
from dse.study.study import Study

STUDY = Path(__file__).parents[2] / "studies" / "acceltran_design_space"
OBJECTIVES = ("max:throughput", "min:energy", "min:area")
BEYOND = 1.1  # the reference point: the worst of the exact front, times this

# Single objectives under constraints; each is looked up by a sweep of the whole space.
QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("min:energy_delay", ("area <= 50 mm^2",)),
    ("max:throughput", ("area <= 100 mm^2", "power <= 30 W")),
    ("min:energy", ("throughput >= 5000 seq/s", "area <= 1000 mm^2")),
    ("min:area", ("throughput >= 1000 seq/s", "energy <= 15 mJ")),
)


def load() -> Study:
    return dse.load_study(STUDY)


def suite(study: Study) -> dict[str, Any]:
    return {
        "workload": [workload for workload, _ in study.suite],
        "weights": [weight for _, weight in study.suite],
        "technology": study.technology,
        "timing": study.timing,
    }


@dataclass(frozen=True)
class Front:
    """An exact front: costs `[designs, 3]` and how to score another front by it."""

    index: np.ndarray[Any, Any]
    costs: np.ndarray[Any, Any]

    def share(self, costs: np.ndarray[Any, Any]) -> float:
        """Hypervolume as a share of the exact one; objectives on linear scales."""
        return self._volume(costs) / self._volume(self.costs)

    def log_share(self, costs: np.ndarray[Any, Any]) -> float:
        """The same with every objective on a logarithmic scale."""
        logs = np.sign(costs) * np.log(np.abs(costs))
        own = np.sign(self.costs) * np.log(np.abs(self.costs))
        low, high = own.min(axis=0), own.max(axis=0)
        ends = np.full(own.shape[1], BEYOND)
        return hypervolume((logs - low) / (high - low), ends) / hypervolume(
            (own - low) / (high - low), ends
        )

    def _volume(self, costs: np.ndarray[Any, Any]) -> float:
        worst = self.costs.max(axis=0)
        # Throughput is a negative cost: its reference is 0, below any machine.
        reference = np.where(worst < 0, 0.0, BEYOND * worst)
        return hypervolume(costs / np.abs(worst), reference / np.abs(worst))


def exact_front(study: Study) -> Front:
    asked = suite(study)
    front = dse.sweep(
        study.space, asked.pop("workload"), front=OBJECTIVES, keep="all", **asked
    )
    return Front(front.index, front.costs(read_objectives(OBJECTIVES)))


def exact_optimum(
    study: Study, objective: str, limits: tuple[str, ...]
) -> float | None:
    """The best value in SI of the whole space; None where nothing is allowed."""
    asked = suite(study)
    best = dse.sweep(
        study.space,
        asked.pop("workload"),
        front=(objective,),
        limits=limits,
        keep="distinct",
        **asked,
    )
    return float(best.column(objective.split(":")[1])[0]) if len(best) else None
