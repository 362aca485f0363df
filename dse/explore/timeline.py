"""When ports and units of a machine work for the ops of one layer."""

from __future__ import annotations

from typing import Any, NamedTuple

from dse.engines.base import Engine, schedule_run
from dse.hardware.technology import Technology
from dse.schedule.walk import Span, timeline
from dse.workload.ops import Workload


class LayerTimeline(NamedTuple):
    """The spans of one layer in seconds from its first work, and the names of its ops.

    Spans of no length are kept: whether one has a length may depend on the design.
    """

    op_names: tuple[str, ...]
    layers: int  # of the block
    spans: tuple[Span, ...]


def layer_timeline(
    design: Engine, workload: Workload, technology: Technology
) -> LayerTimeline:
    """Return when each op of a layer loads, computes and stores, once runs settle.

    The layer is one of the block with most ops; of a generation, of its prompt.
    """
    chains, _, _ = schedule_run(design, workload, technology)
    chain = max(chains, key=lambda one: len(one.names))
    clock = design.clock(technology)

    def seconds(span: Span) -> Span:
        ends: dict[str, Any] = {"begin": span.begin / clock, "end": span.end / clock}
        return span._replace(**ends)

    return LayerTimeline(
        chain.names, chain.repeats, tuple(map(seconds, timeline(chain)))
    )
