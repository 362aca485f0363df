"""The model as all questions of one form share it: JAX traces it once."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np

from dse import evaluation
from dse.engines.base import Engine
from dse.evaluation import Metrics, Timing
from dse.hardware.technology import Technology
from dse.workload.ops import Workload


def metrics(
    design: Engine, workload: Workload, technology: Technology, timing: Timing
) -> Metrics:
    """Return the metrics of one design, for the caller to trace.

    Whatever moves in a question, its trace holds one call of the same function of all
    numbers there are: a sweep, an evaluation and slopes have one trace in common.
    """
    given = jax.tree.map(_as_float, (design, workload, technology))
    found: Metrics = _traced(*given, timing=timing)
    return found


@partial(jax.jit, static_argnames="timing")
def _traced(
    design: Engine, workload: Workload, technology: Technology, timing: Timing
) -> Metrics:
    return evaluation.metrics(design, workload, technology, timing)


def _as_float(number: Any) -> Any:
    """Return a number in the one kind that all are traced in."""
    if isinstance(number, jax.core.Tracer):
        return number.astype(float)
    return np.asarray(number, float)
