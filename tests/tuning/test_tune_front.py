"""Fronts from a part of a space: what comes back is true, and nearly all there is."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.explore.pareto import hypervolume

STUDY = Path(__file__).parents[2] / "studies" / "acceltran_design_space"
# 256 GB/s of DDR4 find no edge on a small chip, those of LPDDR5X do.
EDGE = dse.TileEngine.edge().replace(main_memory="lpddr5x")
BERT = dse.transformer("bert-tiny").with_density(activation=0.5, weight=0.5)
SPACE = dse.Space(
    EDGE,
    pes=dse.powers_of_two(16, 256),
    lanes_per_pe=dse.powers_of_two(4, 64),
    softmax_units_per_pe=dse.powers_of_two(1, 8),
    non_linearity=["relu", "gelu"],
    batch=[16, 4, 1],
    memory_bandwidth_gb_per_s=[25.6, 256],
)
OBJECTIVES = ("max:throughput", "min:energy", "min:area")


@pytest.fixture(scope="module")
def exact() -> dse.Runs:
    return dse.sweep(SPACE, BERT, front=OBJECTIVES, progress=False)


def test_with_enough_evaluations_the_front_is_the_exact_one(exact: dse.Runs) -> None:
    found = dse.tune_front(SPACE, BERT, starts=0, budget=SPACE.size, progress=False)
    assert set(found.front.index) == set(exact.index)
    by_index = dict(zip(exact.index, exact.metrics["energy"], strict=True))
    for index, energy in zip(
        found.front.index, found.front.metrics["energy"], strict=True
    ):
        assert energy == by_index[index]  # the same bits as a sweep


def test_a_budget_is_kept_and_history_tells_how_it_was_spent() -> None:
    found = dse.tune_front(SPACE, BERT, starts=0, budget=150, progress=False)
    assert found.evaluations <= 150
    spent = [evaluations for evaluations, _ in found.history]
    assert spent == sorted(spent)
    assert spent[-1] == found.evaluations == found.front.evaluated


def test_limits_hold_for_all_of_the_front() -> None:
    limits = ("area <= 40 mm^2", "power <= 10 W")
    found = dse.tune_front(
        SPACE, BERT, limits=limits, starts=0, budget=SPACE.size, progress=False
    )
    wanted = dse.sweep(SPACE, BERT, front=OBJECTIVES, limits=limits, progress=False)
    assert set(found.front.index) == set(wanted.index)


def test_a_key_gives_the_same_front() -> None:
    fronts = [
        dse.tune_front(
            SPACE, BERT, starts=0, budget=200, key=jax.random.key(key), progress=False
        ).front.index
        for key in (3, 3)
    ]
    assert np.array_equal(*fronts)


def test_a_continuous_axis_has_no_grid_to_search() -> None:
    space = dse.Space(EDGE, clock_mhz=dse.continuous(100, 700))
    with pytest.raises(InputError, match="interval"):
        dse.tune_front(space, BERT)
    with pytest.raises(InputError, match="interval"):
        dse.sweep(space, BERT)


@pytest.mark.nightly
@pytest.mark.parametrize("starts", [0, 64])
def test_of_acceltrans_space_a_thousandth_gives_99_percent(starts: int) -> None:
    study = dse.load_study(STUDY)
    truth = study.run(progress=False)
    found = dse.tune_front(
        study.space,
        [workload for workload, _ in study.suite],
        objectives=study.objectives,
        technology=study.technology,
        starts=starts,
        progress=False,
    )
    costs = [runs.costs(truth.objectives) for runs in (found.front, truth)]
    worst = costs[1].max(axis=0)
    reference = np.where(worst < 0, 0.0, 1.1 * worst)
    volumes = [hypervolume(c / abs(worst), reference / abs(worst)) for c in costs]
    assert volumes[0] >= 0.99 * volumes[1]
    assert found.evaluations + found.gradients <= 0.001 * study.space.size
