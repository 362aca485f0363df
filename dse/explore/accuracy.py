"""What accuracies rest on, over a whole space, and whether they may decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from dse.errors import InputError
from dse.evaluation import Metrics, accuracy_losses, misfits
from dse.explore.basis import Basis
from dse.explore.space import Space
from dse.sparsity.loss import Subject, subjects
from dse.workload.ops import Workload

ACCURACY = ("accuracy_drop", "accuracy_spread")


@dataclass(frozen=True)
class Grounds:
    """What accuracies were measured on, and why some of that is no subject of a run."""

    measured_on: tuple[Subject, ...] = ()
    foreign: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()  # of what it is not known, where it is NaN

    @property
    def label(self) -> str:
        """What stands beside every accuracy: its subjects, and if they stand in."""
        told = " and ".join(map(str, self.measured_on))
        return f"of {told}" + ", standing in here" * bool(self.foreign) if told else ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "measured_on": [
                {"model": s.model, "task": s.task, "seq_len": s.seq_len}
                for s in self.measured_on
            ],
            "foreign": list(self.foreign),
            "not_known_of": list(self.unknown),
        }


def grounds_of(metrics: Metrics) -> Grounds:
    """Return what the accuracy of one answer rests on; nothing where none is lost."""
    if metrics.accuracy_drop is None:
        return Grounds()
    lost = np.asarray([metrics.accuracy_drop, metrics.accuracy_spread], float)
    foreign = metrics.foreign if lost.any() else ()
    unknown = metrics.unknown if np.isnan(lost).any() else ()
    return Grounds(metrics.measured_on, foreign, unknown)


def grounds(space: Space, basis: Basis) -> Grounds:
    """Return what the accuracies of all designs of a space rest on."""
    axes = {**space.axes, **space.continuous}
    measured_on: dict[Subject, None] = {}
    foreign: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for workload in basis.workloads:

        def losses(moved: dict[str, Any], run: Workload = workload) -> Any:
            design, placed = space.place(space.complete(moved), run)
            return accuracy_losses(design, placed, basis.technology)

        with jax.enable_x64(True):
            told = jax.eval_shape(losses, dict.fromkeys(axes, 0.0)) or ()
        measured_on |= dict.fromkeys(subjects(told))
        foreign |= dict.fromkeys(misfits(told, workload.model, workload.seq_len))
        unknown |= dict.fromkeys(each.unknown for each in told if each.unknown)
    return Grounds(tuple(measured_on), tuple(foreign), tuple(unknown))


def check_accuracy(metrics: Iterable[str], space: Space, basis: Basis) -> None:
    """Raise `InputError` where an accuracy of something else is to decide unasked."""
    if basis.accept_foreign_accuracy or not set(metrics) & set(ACCURACY):
        return
    foreign = grounds(space, basis).foreign
    if foreign:
        raise InputError(
            f"the accuracy here {foreign[0]}, and no limit or objective takes such a "
            "one unasked. Give curves of this model and length, or say that it will "
            "do: `accept_foreign_accuracy=True`, `--accept-foreign-accuracy`, or "
            "`accept_foreign_accuracy = true` in a study."
        )
