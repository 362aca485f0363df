"""Uneven tiles: what they cost a tile engine whose lanes wait for each other."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.workload.layers import chain, linear
from dse.workload.ops import Block, Workload

LOCKSTEP = dse.TileEngine.edge().replace(lane_schedule="lockstep")
TWO = chain([linear("query", 64, 64, 64, reads=(0,)), linear("output", 64, 64, 64)])
HALF = Workload(name="two", blocks=(Block(ops=TWO, repeats=1),), seq_len=64, batch=16)
HALF = HALF.with_density(activation=0.5, weight=0.5)


def latency(ratio: Any) -> Any:
    return dse.evaluate(LOCKSTEP, HALF.with_imbalance(ratio)).latency


def test_more_imbalance_never_makes_a_machine_faster() -> None:
    found = [float(latency(ratio)) for ratio in (1.0, 1.2, 2.0, 4.0)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_even_tiles_make_lockstep_as_fast_as_free_lanes() -> None:
    free = dse.evaluate(dse.TileEngine.edge(), HALF.with_imbalance(3.0))
    assert float(latency(1.0)) == float(free.latency)


def test_the_slope_by_the_imbalance_is_that_of_differences() -> None:
    with jax.enable_x64(True):
        slope = jax.grad(latency)(2.0)
        around = [float(latency(2.0 + step)) for step in (-1e-4, 1e-4)]
    assert np.isfinite(slope)
    assert slope == pytest.approx(np.diff(around)[0] / 2e-4, rel=1e-3)


def test_a_slow_tile_is_never_faster_than_the_mean_one() -> None:
    with pytest.raises(InputError, match=r"imbalance, is 0\.5, outside its range 1 to"):
        HALF.with_imbalance(0.5)
