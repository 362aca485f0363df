"""A block of a grid at once: every sub-expression computed only for the axes it needs.

The fast axes of a space form a block. One nested `vmap` per axis gives each array of
the model only the dimensions of the axes that it depends on: walks in time are not
repeated for axes that touch energy or area alone. The slow axes are numbers given to
the block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from dse.evaluation import Timing, combine, metrics
from dse.explore.space import Space
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

Answer = Callable[[Mapping[str, Any]], Any]


def answer_for(
    space: Space,
    suite: Sequence[tuple[Workload, float]],
    technology: Technology,
    timing: Timing,
    read: Callable[[Any], Any],
) -> Answer:
    """Return a function from axis values of ONE design to what `read` takes of it."""

    def answer(moved: Mapping[str, Any]) -> Any:
        full = space.complete(moved)
        parts = []
        for workload, _ in suite:
            design, placed = space.place(full, workload)
            parts.append(metrics(design, placed, technology, timing))
        return read(combine(parts, [weight for _, weight in suite]))

    return answer


def over_grid(answer: Answer, names: Sequence[str]) -> Answer:
    """Return the same function over the grid of named axes: arrays `[axis, ...]`."""
    batched: Answer = answer
    for name in reversed(names):
        batched = _over_axis(batched, name)
    return batched


def _over_axis(answer: Answer, name: str) -> Answer:
    def along(moved: Mapping[str, Any]) -> Any:
        fixed = {n: v for n, v in moved.items() if n != name}
        return jax.vmap(lambda value: answer({**fixed, name: value}))(moved[name])

    return along


def split_axes(
    space: Space, answer: Answer, block_size: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (slow axes, fast axes): the fast ones together give at most `block_size`.

    Axes that leave the latency alone come first into the block, for they are nearly
    free there; then the others, largest first, as long as they fit.
    """
    costly = reaching(answer, space)
    cheap = [n for n in space.names if n not in costly]
    rest = sorted(costly, key=lambda n: -len(space.axes[n]))
    fast: list[str] = []
    size = 1
    for name in [*cheap, *rest]:
        if size * len(space.axes[name]) <= block_size:
            size *= len(space.axes[name])
            fast.append(name)
    slow = tuple(n for n in space.names if n not in fast)
    return slow, tuple(n for n in space.names if n in fast)


def reaching(answer: Answer, space: Space) -> list[str]:
    """Return the axes whose change can reach what `answer` returns, by data flow."""
    start = {n: jnp.asarray(float(space.values(n)[0])) for n in space.names}
    traced = jax.make_jaxpr(answer)(start).jaxpr
    sources = {
        variable: frozenset([name])
        for name, variable in zip(sorted(start), traced.invars, strict=True)
    }
    for equation in traced.eqns:
        found = _sources(equation.invars, sources)
        sources.update(dict.fromkeys(equation.outvars, found))
    return [n for n in space.names if n in _sources(traced.outvars, sources)]


def _sources(
    variables: Sequence[Any], known: Mapping[Any, frozenset[str]]
) -> frozenset[str]:
    real = [v for v in variables if not hasattr(v, "val")]  # literals have a `val`
    return frozenset().union(*(known.get(v, frozenset()) for v in real))
