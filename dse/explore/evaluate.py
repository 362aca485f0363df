"""`dse.evaluate`: one machine, one workload, in float64, without compiling anything."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax
import numpy as np

from dse.compile.function import CompiledFunction, compile_function
from dse.evaluation import Metrics, Timing
from dse.explore.asked import DesignLike, TechnologyLike, WorkloadLike, read_question
from dse.explore.model import metrics
from dse.explore.slopes import FORMS, differentiable


def evaluate(
    design: DesignLike,
    workload: WorkloadLike,
    *,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
) -> Metrics:
    """Say what a machine takes to run a transformer: time, energy, area, and why.

    `timing="walk"` puts ops in time over ports and units; `"roofline"` asks only which
    of them is busy longest, and is never above the walk.

    The model is traced once for machines and workloads of one form, which takes half a
    second, and run by NumPy in float64: the answers are those of a sweep. So are slopes
    where `jax.grad` or `jax.jvp` ask for them, by every number of design, workload and
    technology (`dse.gradient` is quicker for those of a design). Under `jit` and `vmap`
    it is a JAX function like any other. Raises `InputError` for an unknown timing, or
    an op that the engine cannot run.
    """
    given = read_question(design, workload, technology, timing)
    leaves, form = jax.tree.flatten(given)
    if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
        return differentiable(leaves, form, timing)
    numbers = [np.asarray(leaf, float) for leaf in leaves]
    function = _function(form, tuple(number.shape for number in numbers), timing)
    found: Metrics = function.grid(_named(numbers))
    return found


@lru_cache(FORMS)
def _function(
    form: Any, shapes: tuple[tuple[int, ...], ...], timing: Timing
) -> CompiledFunction:
    """Return the traced model for all machines and workloads of one form."""

    def answer(numbers: Any) -> Metrics:
        ordered = [numbers[name] for name in sorted(numbers)]
        design, workload, technology = jax.tree.unflatten(form, ordered)
        return metrics(design, workload, technology, timing)

    return compile_function(answer, _named(shapes))


def _named(values: Any) -> dict[str, Any]:
    """Return values by names that sort as they stand."""
    return {f"{place:06d}": value for place, value in enumerate(values)}
