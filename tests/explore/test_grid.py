"""Grids: what a block holds, where its designs stand, which axes come into one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dse
from dse.explore.basis import Basis
from dse.explore.evaluator import Evaluator
from dse.explore.grid import Grid

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
BLOCK_SIZES = (1, 4, 12, 10**6)


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(SPACE, resting_on(BERT))


def resting_on(workload: dse.Workload) -> Basis:
    technology = SPACE.design.default_technology()
    return Basis(((workload, 1.0),), technology, "walk")


def grid(evaluator: Evaluator, block_size: int) -> Grid:
    return Grid(SPACE, evaluator.metrics(["latency", "energy"]), block_size)


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_blocks_hold_every_design_once(evaluator: Evaluator, block_size: int) -> None:
    blocks = grid(evaluator, block_size)
    assert blocks.block_size <= block_size
    every = np.arange(blocks.block_size)
    found = [blocks.indices(number, every) for number in range(len(blocks))]
    assert sorted(np.concatenate(found)) == list(range(SPACE.size))
    for number, indices in enumerate(found):
        assert set(blocks.numbers(indices)) == {number}


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_a_block_has_the_bits_of_its_designs_alone(
    evaluator: Evaluator, block_size: int
) -> None:
    blocks = grid(evaluator, block_size)
    number = len(blocks) // 2
    indices = blocks.indices(number, np.arange(blocks.block_size))
    alone = evaluator(indices)
    for metric, values in blocks.answers(number).items():
        full = np.broadcast_to(values, blocks.shape).ravel()
        np.testing.assert_array_equal(full, alone[metric])


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_blocks_in_order_hold_the_designs_in_their_order(
    evaluator: Evaluator, block_size: int
) -> None:
    program = evaluator.metrics(["latency", "energy"])
    blocks = Grid(SPACE, program, block_size, in_order=True)
    assert blocks.block_size <= block_size
    alone = evaluator(np.arange(SPACE.size))
    for metric in ("latency", "energy"):
        columns = [blocks.columns(number)[metric] for number in range(len(blocks))]
        np.testing.assert_array_equal(np.concatenate(columns), alone[metric])


def test_latency_has_no_dimension_for_what_only_costs_energy(
    evaluator: Evaluator,
) -> None:
    blocks = grid(evaluator, SPACE.size)
    found = blocks.answers(0)
    free = [blocks.names.index(name) for name in ("main_memory", "non_linearity")]
    assert all(found["latency"].shape[axis] == 1 for axis in free)
    assert found["energy"].shape == blocks.shape


def test_axes_that_few_steps_depend_on_come_into_a_block_first(
    evaluator: Evaluator,
) -> None:
    assert set(grid(evaluator, 4).fast) == {"main_memory", "non_linearity"}
    assert grid(evaluator, SPACE.size).slow == ()


def test_a_metric_that_is_not_known_is_an_error(evaluator: Evaluator) -> None:
    sparse = BERT.with_density(activation=0.5)
    stated = Evaluator(SPACE, resting_on(sparse))
    with pytest.raises(dse.InputError, match="measured curve"):
        stated.metrics(["accuracy_drop"])
