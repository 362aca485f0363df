"""`dse.evaluate`: one machine, one workload, in float64, without compiling anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from dse.compile.function import CompiledFunction, compile_function
from dse.engines.base import Engine
from dse.evaluation import Metrics, Timing, combine, with_accuracy
from dse.explore.asked import DesignLike, TechnologyLike, WorkloadLike, read_question
from dse.explore.basis import Basis
from dse.explore.kept_models import in_folder
from dse.explore.model import accuracy, costs, unnamed
from dse.explore.slopes import FORMS, differentiable
from dse.shipped import cache_folder
from dse.workload.ops import Workload


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
    second, and run by NumPy in float64: the answers are those of a sweep. Lengths of
    one model and nodes of one technology have one form. Slopes are worked out likewise
    where `jax.grad` or `jax.jvp` ask for them, by every number of design, workload and
    technology (`dse.gradient` is quicker for those of a design). Under `jit` and `vmap`
    it is a JAX function like any other. Raises `InputError` for an unknown timing, or
    an op that the engine cannot run.

    Examples:
        >>> found = dse.evaluate("tile:edge", "bert-tiny")
        >>> print(f"{found.throughput:.0f} a second, on {found.area * 1e6:.0f} mm^2")
        22775 a second, on 66 mm^2
        >>> found.bottleneck
        'main_memory_port'
    """
    given = read_question(design, workload, technology, timing)
    leaves, form = jax.tree.flatten(given)
    if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
        return differentiable(leaves, form, timing)
    arrays = [np.asarray(leaf, float) for leaf in leaves]
    shapes, numbers = tuple(array.shape for array in arrays), _named(arrays)
    alike = jax.tree.structure(unnamed(*given))
    found: Metrics = _function(costs, alike, shapes, timing).grid(numbers)
    return with_accuracy(found, _function(accuracy, form, shapes).grid(numbers))


def evaluate_suite(placed: Iterable[tuple[Engine, Workload]], basis: Basis) -> Metrics:
    """Return the metrics of a machine over a suite, by the weights of its workloads.

    `placed` are the machine and what it runs, for each workload of the suite.
    """
    asked: Any = {"technology": basis.technology, "timing": basis.timing}
    parts = [evaluate(design, workload, **asked) for design, workload in placed]
    return combine(parts, basis.weights)


@lru_cache(2 * FORMS)
def _function(
    asked: Callable[..., Any], form: Any, shapes: tuple[tuple[int, ...], ...], *how: Any
) -> CompiledFunction:
    """Return a part of the traced model, for all machines and workloads of one form."""

    def answer(numbers: Any) -> Any:
        ordered = [numbers[name] for name in sorted(numbers)]
        return asked(*jax.tree.unflatten(form, ordered), *how)

    def traced() -> CompiledFunction:
        return compile_function(answer, _named(shapes))

    folder = cache_folder() if asked is costs else None
    if folder is None:
        return traced()
    return in_folder(folder, (form, shapes, how), traced, answer)


def _named(values: Any) -> dict[str, Any]:
    """Return values by names that sort as they stand."""
    return {f"{place:06d}": value for place, value in enumerate(values)}
