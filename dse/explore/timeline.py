"""When ports and units of a machine work for the ops of one layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from dse.arrays import Rows
from dse.compile.function import compile_function
from dse.engines.base import Engine, schedule_run
from dse.explore.model import as_float, unnamed
from dse.hardware.technology import Technology
from dse.schedule.walk import Span, timeline
from dse.workload.ops import Workload


class LayerTimeline(NamedTuple):
    """One layer in seconds from its first work, as columns `[designs]`.

    `layers` are those of its block. Spans of no length are kept: whether one has a
    length may depend on the design.
    """

    op_names: tuple[str, ...]
    layers: int
    spans: tuple[Span, ...]


def layer_timeline(
    design: Engine, workload: Workload, technology: Technology
) -> LayerTimeline:
    """Return when each op of a layer loads, computes and stores, once runs settle.

    The layer is one of the block with most ops; of a generation, of its prompt.
    """
    batch = {"batch": np.asarray([float(workload.batch)])}
    return layer_timelines(
        lambda moved: (design, workload.replace(**moved)), batch, technology
    )


def layer_timelines(
    ask: Callable[[Mapping[str, Any]], tuple[Engine, Workload]],
    table: Mapping[str, Rows],
    technology: Technology,
) -> LayerTimeline:
    """Return the same of designs, as `ask` makes them of the numbers of a table."""
    known: list[LayerTimeline] = []

    def answer(moved: Mapping[str, Any]) -> dict[str, Any]:
        design, workload = ask(moved)
        given = unnamed(design, workload, technology)
        chains, _, _ = schedule_run(*jax.tree.map(as_float, given))
        chain = max(chains, key=lambda one: len(one.names))
        spans, clock = timeline(chain), design.clock(technology)
        still = tuple(span._replace(begin=0.0, end=0.0) for span in spans)
        known.append(LayerTimeline(chain.names, chain.repeats, still))
        return {
            f"{what} {place}": np.float64(1.0) * getattr(span, what) / clock
            for place, span in enumerate(spans)
            for what in ("begin", "end")
        }

    columns = compile_function(answer, list(table)).rows(
        dict(table), float, backend="numpy"
    )
    designs = len(next(iter(table.values()), [0]))  # one, where nothing moves

    def column(what: str, place: int) -> Rows:
        return np.broadcast_to(columns[f"{what} {place}"], designs)

    spans = [
        span._replace(begin=column("begin", place), end=column("end", place))
        for place, span in enumerate(known[-1].spans)
    ]
    return known[-1]._replace(spans=tuple(spans))
