"""Slopes: how metrics change by each number of a design, a workload, a technology.

The model and its forward derivatives are traced once for machines and workloads of one
form, and run by NumPy in float64: JAX would compile for most of a minute.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import PyTreeDef

from dse.arguments import one_of
from dse.compile.function import CompiledFunction, compile_function
from dse.engines.base import Engine
from dse.evaluation import Metrics, Timing
from dse.explore.asked import DesignLike, TechnologyLike, WorkloadLike, read_question
from dse.explore.evaluator import known_metrics
from dse.explore.model import metrics
from dse.explore.objectives import SHOWN_UNITS, known_metric
from dse.explore.runs import file_units
from dse.records import as_slopes
from dse.units import si_unit

FORMS = 64  # kinds of question whose traced models are kept

Places = tuple[int, ...]  # of numbers among the leaves of a question


def gradient(
    design: DesignLike,
    workload: WorkloadLike,
    metric: str,
    *,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
) -> Engine:
    """Return how a metric changes by each number of a machine, as a record like it.

    `dse.gradient(edge, bert, "energy").pes` is in J per PE: in SI, by the unit of the
    field. What steps, as a count of tiles does, changes as the quotient below it; a
    choice changes nothing. `dse.sensitivity` tells the same in percent, technology
    included. Raises `InputError` for a metric that is unknown, or not known here.

    Examples:
        >>> slopes = dse.gradient("tile:edge", "bert-tiny", "area")
        >>> print(f"{float(slopes.pes) * 1e6:.2f} mm^2 for each PE")
        0.78 mm^2 for each PE
    """
    one_of("metric", metric, SHOWN_UNITS)
    given = read_question(design, workload, technology, timing)
    machine, run, _ = given
    leaves, form = jax.tree.flatten(given)
    moving = tuple(range(len(jax.tree.leaves(machine))))  # a design comes first
    found = slopes(leaves, form, moving, timing)
    known_metric(metric, found["known_slopes"])
    unit = si_unit(file_units(run.counted)[metric])
    numbers = found["known_slopes"][metric].tolist()
    return as_slopes(machine, metric, unit, numbers)


def differentiable(leaves: list[Any], form: PyTreeDef, timing: Timing) -> Metrics:
    """Return the metrics where JAX traces some of the leaves of a question.

    Where it asks for slopes at known numbers, they are ours; else JAX follows the
    model.
    """
    moving = tuple(
        place for place, leaf in enumerate(leaves) if isinstance(leaf, jax.core.Tracer)
    )

    def follow(*numbers: Any) -> Metrics:
        placed = dict(enumerate(leaves)) | dict(zip(moving, numbers, strict=True))
        return _metrics(form, placed, timing)

    @jax.custom_jvp
    def answer(*numbers: Any) -> Metrics:
        return follow(*numbers)

    @answer.defjvp
    def push(numbers: Any, tangents: Any) -> Any:
        if any(isinstance(number, jax.core.Tracer) for number in numbers):
            return jax.jvp(follow, numbers, tangents)
        placed = dict(enumerate(leaves)) | dict(zip(moving, numbers, strict=True))
        found = slopes(list(placed.values()), form, moving, timing)
        known = jax.tree.map(_as_jax, found["metrics"])
        return known, _pushed(found["slopes"], tangents)

    found: Metrics = answer(*(leaves[place] for place in moving))
    return found


def _metrics(form: PyTreeDef, leaves: dict[int, Any], timing: Timing) -> Metrics:
    design, workload, technology = jax.tree.unflatten(form, list(leaves.values()))
    return metrics(design, workload, technology, timing)


def _pushed(slopes: Metrics, tangents: Any) -> Metrics:
    """Return slopes `[..., numbers]` times the direction of some tangents."""
    rows, shape = jax.tree.flatten(slopes)
    matrix = np.concatenate([row.reshape(-1, row.shape[-1]) for row in rows])
    direction = jnp.concatenate([_as_jax(tangent).ravel() for tangent in tangents])
    changes = _as_jax(matrix) @ direction
    shapes = [row.shape[:-1] for row in rows]
    pieces = jax.lax.split(changes, [math.prod(one) for one in shapes])
    ordered = zip(pieces, shapes, strict=True)
    changed = [piece.reshape(one) for piece, one in ordered]
    found: Metrics = jax.tree.unflatten(shape, changed)
    return found


def _as_jax(numbers: Any) -> jax.Array:
    """Return numbers in the floats that JAX works in: float32 unless told otherwise."""
    return jnp.asarray(numbers, jnp.result_type(float))


def slopes(leaves: list[Any], form: PyTreeDef, moving: Places, timing: Timing) -> Any:
    """Return metrics and slopes `[..., numbers]` by all numbers of the moving leaves.

    `leaves` and `form` are those of (design, workload, technology); `known_slopes` has
    the metrics that are known, by name.
    """
    numbers = [np.asarray(leaf, float) for leaf in leaves]
    function = _function(form, tuple(n.shape for n in numbers), moving, timing)
    directions = _directions([numbers[place] for place in moving])
    named = {_name(at): number[..., None] for at, number in enumerate(numbers)}
    pairs = zip(moving, directions, strict=True)
    found = function.grid(named | {f"d_{_name(at)}": d for at, d in pairs})
    count = directions[0].shape[-1]
    slopes = jax.tree.map(
        lambda v: np.broadcast_to(v, (*v.shape[:-1], count)), found["slopes"]
    )
    return {
        "metrics": jax.tree.map(lambda v: v[..., 0], found["values"]["metrics"]),
        "slopes": slopes["metrics"],
        "known_slopes": slopes["known"],
    }


@lru_cache(FORMS)
def _function(
    form: PyTreeDef, shapes: tuple[tuple[int, ...], ...], moving: Places, timing: Timing
) -> CompiledFunction:
    """Return the traced model and how it changes in ONE direction, for one form."""

    def answer(named: Any) -> Any:
        given = [named[name] for name in sorted(named)]
        found = _metrics(form, dict(enumerate(given)), timing)
        return {"metrics": found, "known": known_metrics(found)}

    model = compile_function(
        answer, {_name(at): shape for at, shape in enumerate(shapes)}
    )
    return model.along([_name(at) for at in moving])


def _directions(start: list[Any]) -> list[Any]:
    """Return the unit vectors of all numbers in some arrays, `[..., numbers]` each."""
    sizes = [array.size for array in start]
    parts = np.split(np.eye(sum(sizes)), np.cumsum(sizes)[:-1])
    shaped = zip(parts, start, strict=True)
    return [part.reshape(*array.shape, -1) for part, array in shaped]


def _name(place: int) -> str:
    """Return the name of a leaf; names sort as leaves stand."""
    return f"{place:06d}"
