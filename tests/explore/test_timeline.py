"""When ports and units work: in turn, for as long as the model says they do."""

from __future__ import annotations

from itertools import pairwise

import jax
import numpy as np
import pytest

import dse
from dse.engines.base import schedule_run
from dse.explore.timeline import LayerTimeline, layer_timeline
from dse.schedule.stage import resource_cycles

CASES = {
    "tile": (dse.TileEngine.edge(), dse.transformer("bert-tiny", batch=4)),
    "reference": (
        dse.ReferenceMachine.h100(),
        dse.transformer("gpt2", seq_len=64, mode="decode"),
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[LayerTimeline, dict[str, float]]:
    design, workload = CASES[request.param]
    technology = design.default_technology()
    with jax.enable_x64(True):
        found = layer_timeline(design, workload, technology)
        chains, _, _ = schedule_run(design, workload, technology)
        chain = max(chains, key=lambda one: len(one.names))
        busy = resource_cycles([chain._replace(repeats=1)])
        clock = float(design.clock(technology))
    return found, {name: float(cycles) / clock for name, cycles in busy.items()}


def test_a_port_or_unit_does_one_thing_at_a_time(
    case: tuple[LayerTimeline, dict[str, float]],
) -> None:
    found, busy = case
    for name in {span.on for span in found.spans} - {""}:
        spans = sorted(
            (float(s.begin), float(s.end))
            for s in found.spans
            if s.on == name and float(s.end) > float(s.begin)
        )
        for (_, end), (begin, _) in pairwise(spans):
            assert begin >= end * (1 - 1e-9) - 1e-15, name
        worked = sum(end - begin for begin, end in spans)
        assert worked >= busy[name] * (1 - 1e-9), name
        if name.endswith("port"):
            assert worked == pytest.approx(busy[name], rel=1e-9), name


def test_an_op_stores_after_it_has_worked(
    case: tuple[LayerTimeline, dict[str, float]],
) -> None:
    found, _ = case
    by_op = {(s.op, s.what): s for s in found.spans if float(s.end) > float(s.begin)}
    works = [s for s in by_op.values() if s.what == "compute"]
    assert min(float(s.begin) for s in works) == 0.0
    for op in range(len(found.op_names)):
        if (op, "compute") in by_op and (op, "store") in by_op:
            done = float(by_op[op, "compute"].end)
            assert float(by_op[op, "store"].begin) >= done * (1 - 1e-9)
    assert np.isfinite([float(s.end) for s in found.spans]).all()
