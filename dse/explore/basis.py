"""What an answer rests on: workloads and their weights, technology, and timing."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from dse.arguments import flag, several
from dse.engines.base import describe_run
from dse.errors import InputError, check_kind, quoted
from dse.evaluation import Timing, counted_together
from dse.explore.asked import WorkloadLike, check_timing, read_workload
from dse.explore.hashes import hash_of_records
from dse.hardware.technology import Technology
from dse.shipped import versions
from dse.workload.kinds import PRODUCTS, TRAINED
from dse.workload.ops import Workload


@dataclass(frozen=True, eq=False)
class Basis:
    """The workloads of a suite with their weights, technology and timing.

    `accept_foreign_accuracy` lets accuracies of other models and lengths decide.
    """

    suite: tuple[tuple[Workload, float], ...]
    technology: Technology
    timing: Timing
    accept_foreign_accuracy: bool = False  # in limits and objectives

    def __post_init__(self) -> None:
        check_timing(self.timing)
        flag("accept_foreign_accuracy", self.accept_foreign_accuracy)

    @property
    def counted(self) -> str:
        """What throughput counts and energy is per: `sequence`, `token` or `run`."""
        return counted_together(workload.counted for workload in self.workloads)

    @property
    def workloads(self) -> list[Workload]:
        """The workloads of the suite."""
        return [workload for workload, _ in self.suite]

    @property
    def weights(self) -> list[float]:
        """The weights of the suite, in the same order."""
        return [weight for _, weight in self.suite]

    @property
    def asked(self) -> dict[str, Any]:
        """All of it as sweeps, tuning and proofs are asked for it, by argument."""
        return {
            "workload": self.workloads,
            "weights": self.weights,
            "technology": self.technology,
            "timing": self.timing,
            "accept_foreign_accuracy": self.accept_foreign_accuracy,
        }

    def to_json(self, *, moved: Collection[str] = ()) -> dict[str, Any]:
        """Return it as plain data; `moved` are axes, whose values are those of rows."""
        return {
            "workloads": [
                {**workload_json(workload, moved=moved), "weight": weight}
                for workload, weight in self.suite
            ],
            "technology": technology_json(self.technology),
            "timing": self.timing,
            "versions": versions(),
        }


def read_suite(
    workload: WorkloadLike | Sequence[WorkloadLike], weights: Sequence[float] | None
) -> tuple[tuple[Workload, float], ...]:
    """Return workloads with their weights; raise `InputError` where those are amiss."""
    is_suite = isinstance(workload, Sequence) and not isinstance(workload, str)
    asked: Any = workload if is_suite else [workload]
    workloads = [read_workload(each) for each in asked]
    positive = "one positive weight for each of at least one workload"
    given = [1.0] * len(workloads) if weights is None else weights
    shares = several("weights", given, positive)
    for share in shares:
        check_kind("one of `weights`", share, (int, float, np.number), positive)
    if (
        not workloads
        or len(shares) != len(workloads)
        or not all(0 < share < math.inf for share in shares)
    ):
        raise InputError(
            f"`weights` of {len(workloads)} workloads are {quoted(shares)}; give "
            f"{positive}."
        )
    return tuple(zip(workloads, shares, strict=True))


def workload_json(workload: Workload, *, moved: Collection[str] = ()) -> dict[str, Any]:
    """Return all that tells one run from another as plain data.

    Densities are a number, or the least and the greatest where ops or layers differ.
    What follows from an axis in `moved`, as densities do from a threshold, is left out.
    """
    with jax.enable_x64(True):
        kept_pairs = float(describe_run(workload).kept_pairs)
    about = {
        "name": workload.name,
        "mode": workload.mode,
        "causal": workload.causal,
        "context_len" if workload.mode == "decode" else "seq_len": workload.prompt,
        "batch": float(workload.batch),
        "padded_fraction": float(workload.padded_fraction),
        "curve": None if workload.curve is None else workload.curve.name,
        "curve_of": None if workload.curve is None else _curve_of(workload),
        "threshold": None if workload.curve is None else _plain(workload.threshold),
        "activation_density": _ends(density_range(workload, "input_density")),
        "weight_density": _ends(density_range(workload, "weight_density")),
        "kept_pairs": kept_pairs,
        "kept_first_round": float(workload.attention.kept_first_round),
    }
    if workload.new_tokens:
        about |= _of_generation(workload)
    if float(workload.expert_imbalance) != 1.0:
        about["expert_imbalance"] = float(workload.expert_imbalance)
    if workload.format is not None:
        about["format"] = workload.format
    if any(name.startswith("threshold") for name in moved):
        about = {k: v for k, v in about.items() if k not in _OF_THRESHOLD}
    if "batch" in moved:
        del about["batch"]
    return about


def _of_generation(workload: Workload) -> dict[str, Any]:
    """Return what tells one generation from another with the same prompt."""
    made = [step for step in workload.steps if step.workload.mode == "decode"]
    chunk = {} if workload.seq_len == workload.prompt else {"chunk": workload.seq_len}
    return chunk | {
        "new_tokens": workload.new_tokens,
        "decode_steps": sum(step.times for step in made),
        "context_len": max((step.workload.seq_len for step in made), default=0),
    }


_OF_THRESHOLD = (
    *("threshold", "activation_density", "weight_density"),
    *("kept_pairs", "kept_first_round"),
)


def technology_json(technology: Technology) -> dict[str, Any]:
    """Return name, files, process nodes in nm by part, and a hash of all numbers."""
    return {
        "name": technology.name,
        "files": list(technology.files),
        "node_nm": technology.nodes_nm(),
        "hash": hash_of_records(technology),
    }


def density_range(workload: Workload, operand: str) -> tuple[float, float] | None:
    """Return the least and greatest density of an operand over all products.

    `operand` is `input_density` or `weight_density`, which is that of weights alone.
    None where there is no such product.
    """
    kinds: tuple[str, ...] = PRODUCTS
    if operand == "weight_density":
        kinds = tuple(kind for kind in PRODUCTS if kind in TRAINED)
    found = np.concatenate(
        [
            np.atleast_2d(getattr(block.ops, operand))[
                :, [kind in kinds for kind in block.ops.kinds]
            ].ravel()  # a row for each layer where these differ
            for block in workload.blocks
        ]
    )
    return (float(found.min()), float(found.max())) if found.size else None


def _curve_of(workload: Workload) -> dict[str, Any]:
    """Return what the curve of a workload was measured on, and whether it stands in."""
    assert workload.curve is not None
    about = workload.curve.about
    return {
        "model": about.model,
        "task": about.task,
        "seq_len": about.seq_len,
        "stands_in": bool(workload.curve_misfit(workload.curve)),
    }


def _ends(ends: tuple[float, float] | None) -> float | list[float] | None:
    if ends is None:
        return None
    return ends[0] if ends[0] == ends[1] else list(ends)


def _plain(value: Any) -> Any:
    return np.asarray(value, float).tolist()
