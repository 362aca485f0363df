"""When ports and units work: in turn, for as long as the model says they do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import dse
from dse.explore.timeline import LayerTimeline, layer_timeline

CASES = {
    "tile": (dse.TileEngine.edge(), dse.transformer("bert-tiny", batch=4)),
    "reference": (
        dse.ReferenceMachine.h100(),
        dse.transformer("gpt2", seq_len=64, mode="decode"),
    ),
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[LayerTimeline, dict[str, float]]:
    """A layer, and the share of a run that its ports are busy, by the metrics."""
    design, workload = CASES[request.param]
    found = layer_timeline(design, workload, design.default_technology())
    metrics = dse.evaluate(design, workload)
    busy = {
        name: float(share) * float(metrics.latency)
        for name, share in metrics.utilization.items()
    }
    return found, busy


def test_a_port_or_unit_does_one_thing_at_a_time(
    case: tuple[LayerTimeline, dict[str, float]],
) -> None:
    found, busy = case
    for name in {span.on for span in found.spans} - {""}:
        spans = sorted(
            (s.begin[0], s.end[0])
            for s in found.spans
            if s.on == name and s.end[0] > s.begin[0]
        )
        for (_, end), (begin, _) in pairwise(spans):
            assert begin >= end * (1 - 1e-9) - 1e-15, name
        worked = sum(end - begin for begin, end in spans)
        if name.endswith("port"):  # beside the layers, ends of a run use them
            assert busy[name] / 2 <= found.layers * worked <= busy[name] * (1 + 1e-9)


def test_an_op_stores_after_it_has_worked(
    case: tuple[LayerTimeline, dict[str, float]],
) -> None:
    found, _ = case
    by_op = {(s.op, s.what): s for s in found.spans if s.end[0] > s.begin[0]}
    works = [s for s in by_op.values() if s.what == "compute"]
    assert min(s.begin[0] for s in works) == 0.0
    for op in range(len(found.op_names)):
        if (op, "compute") in by_op and (op, "store") in by_op:
            done = by_op[op, "compute"].end[0]
            assert by_op[op, "store"].begin[0] >= done * (1 - 1e-9)
    assert np.isfinite([s.end for s in found.spans]).all()
