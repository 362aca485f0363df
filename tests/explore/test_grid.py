"""Grids: what a block holds, and which axes each part of the model depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.explore.grid import Answer, answer_for, over_grid, reaching, split_axes
from dse.explore.objectives import SHOWN_UNITS
from dse.workload.layers import chain, linear
from dse.workload.ops import Block, Workload

AXES: dict[str, list[Any]] = {
    "main_memory": ["hbm_32_1_4", "rram_16_2_2"],
    "lanes_per_pe": [8, 16, 32],
    "non_linearity": ["relu", "gelu"],
    "pes": [64, 80],
    "weight_buffer_mib": [0.1, 8],
    "batch": [1, 4],
}
SPACE = dse.Space(dse.TileEngine.edge(), issue_batch=dse.tied("pes / 8"), **AXES)
BERT = dse.transformer("bert-tiny", seq_len=32)
# Two equal layers of one matrix product, quick to compile.
OPS = chain([linear("ffn_up", 40, 96, 160, depends=0)])
PRODUCTS = Workload(
    name="products", blocks=(Block(ops=OPS, repeats=2),), batch=1, seq_len=40
)


def answer(read: Callable[[Any], Any], workload: Workload = BERT) -> Answer:
    technology = dse.TileEngine.default_technology()
    return answer_for(SPACE, [(workload, 1.0)], technology, "walk", read)


def test_a_grid_holds_what_evaluating_each_design_says() -> None:
    names = ("lanes_per_pe", "main_memory", "batch")
    rest = {n: float(SPACE.values(n)[1]) for n in SPACE.names if n not in names}

    def read(found: Any) -> list[Any]:
        return [jnp.asarray(getattr(found, metric)) for metric in SHOWN_UNITS]

    block = jax.jit(over_grid(answer(read, PRODUCTS), names))
    grid = {n: jnp.asarray(SPACE.values(n), jnp.float32) for n in names}
    found = block({**rest, **grid})
    for place in np.ndindex(3, 2, 2):
        values = {n: grid[n][i] for n, i in zip(names, place, strict=True)}
        design, placed = SPACE.place(SPACE.complete({**rest, **values}), PRODUCTS)
        alone = dse.evaluate(design, placed)
        for metric, column in zip(SHOWN_UNITS, found, strict=True):
            assert column.shape == (3, 2, 2)
            assert float(column[place]) == pytest.approx(
                float(getattr(alone, metric)), rel=1e-5
            )


def test_latency_is_reached_by_work_and_not_by_what_only_costs_energy() -> None:
    axes = reaching(answer(lambda found: found.latency), SPACE)
    assert axes == ["lanes_per_pe", "pes", "weight_buffer_mib", "batch"]


def test_every_part_of_a_machine_reaches_its_own_metrics() -> None:
    area = reaching(answer(lambda found: found.area), SPACE)
    assert area == ["lanes_per_pe", "non_linearity", "pes", "weight_buffer_mib"]
    energy = reaching(answer(lambda found: found.energy), SPACE)
    assert energy == list(SPACE.names)
    assert reaching(answer(lambda found: 1.0), SPACE) == []


@pytest.mark.parametrize(
    ("block_size", "fast"),
    [
        (1, ()),
        (4, ("main_memory", "non_linearity")),
        (12, ("main_memory", "lanes_per_pe", "non_linearity")),
        # The three values of `lanes_per_pe` do not fit, the two of `pes` do.
        (8, ("main_memory", "non_linearity", "pes")),
        (10**6, SPACE.names),
    ],
)
def test_axes_that_cost_no_time_come_into_a_block_first(
    block_size: int, fast: tuple[str, ...]
) -> None:
    latency = answer(lambda found: found.latency)
    slow, found = split_axes(SPACE, latency, block_size)
    assert found == fast
    assert slow == tuple(name for name in SPACE.names if name not in fast)
