"""The model as all questions of one form share it: JAX traces it once."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np

from dse import evaluation
from dse.arrays import Values
from dse.engines.base import Engine
from dse.evaluation import Accuracy, Metrics, Timing, with_accuracy
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

Question = tuple[Engine, Workload, Technology]


def metrics(
    design: Engine, workload: Workload, technology: Technology, timing: Timing
) -> Metrics:
    """Return the metrics of one design, for the caller to trace.

    Whatever moves in a question, its trace holds one call of the same function of all
    numbers there are: a sweep, an evaluation and slopes have one trace in common.
    """
    given = design, workload, technology
    return with_accuracy(costs(*given, timing), accuracy(*given))


def costs(
    design: Engine, workload: Workload, technology: Technology, timing: Timing
) -> Metrics:
    """Return all metrics but accuracy: one trace, whatever model and length it is."""
    given = jax.tree.map(as_float, unnamed(design, workload, technology))
    found: Metrics = _costs(*given, timing=timing)
    return found


def accuracy(design: Engine, workload: Workload, technology: Technology) -> Accuracy:
    """Return what `Metrics` says of accuracy, for the caller to trace."""
    given = jax.tree.map(as_float, (design, workload, technology))
    found: Accuracy = _accuracy(*given)
    return found


def unnamed(design: Engine, workload: Workload, technology: Technology) -> Question:
    """Return a question of the same costs, of the form of all that are asked alike.

    A technology keeps its name, for messages; it makes no difference.
    """
    own = Technology(
        name=AnyName(technology.name),
        files=technology.files,
        values=technology.values,
    )
    return design, _without_name(workload), own


def _without_name(workload: Workload) -> Workload:
    steps = [s.replace(workload=_without_name(s.workload)) for s in workload.steps]
    return workload.replace(name="", seq_len=0, steps=tuple(steps))


class AnyName(str):
    """A name that is equal to every other."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyName)

    def __hash__(self) -> int:
        return hash(AnyName)


_accuracy = jax.jit(evaluation.accuracy)


@partial(jax.jit, static_argnames="timing")
def _costs(
    design: Engine, workload: Workload, technology: Technology, timing: Timing
) -> Metrics:
    return evaluation.costs(design, workload, technology, timing)


def as_float(number: Values) -> Values:
    """Return a number in the one kind that all are traced in."""
    if isinstance(number, jax.core.Tracer):
        return number.astype(float)
    return np.asarray(number, float)
