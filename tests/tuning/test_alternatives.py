"""Designs one step beside the best one."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.explore.evaluate import evaluate
from dse.tuning.alternatives import alternatives

TINY = dse.transformer("bert-tiny", seq_len=32)
EDGE = dse.TileEngine.edge()


def test_steps_lead_to_the_next_value_of_one_axis_within_limits() -> None:
    space = dse.Space(EDGE, pes=[32, 64, 128], lanes_per_pe=[8, 16, 32])
    found = dse.tune("max:throughput", space, workload=TINY, starts=2, steps=5)
    assert found.feasible
    runs = alternatives(found, space, [])
    best = space.index(**{name: found.values[name] for name in space.names})
    assert runs.index[0] == best
    for index in runs.index[1:]:
        moved = [
            abs(int(space.digits(int(index))[name]) - int(space.digits(best)[name]))
            for name in space.names
        ]
        assert sorted(moved) == [0, 1]
    again = evaluate(space.at(int(runs.index[-1])), TINY)
    np.testing.assert_allclose(
        runs.metrics["throughput"][-1], float(again.throughput), rtol=1e-6
    )
    most = np.median(runs.metrics["area"]) * 1e6
    fewer = alternatives(found, space, [f"area <= {most} mm^2"])
    assert set(fewer.index) < set(runs.index)


def test_an_axis_without_steps_is_refused() -> None:
    space = dse.Space(EDGE, clock_mhz=dse.continuous(500.0, 700.0))
    found = dse.tune("max:throughput", space, workload=TINY, starts=2, steps=5)
    with pytest.raises(InputError, match="`clock_mhz` has no steps"):
        alternatives(found, space, [])
