"""Tuning finds what can be worked out by hand, and says so when nothing is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import dse
from dse.errors import InputError
from dse.tuning.exact import Exact
from dse.tuning.limit_search import search_along_limits
from dse.tuning.local_search import neighbours, pairs
from dse.tuning.problem import Problem
from dse.tuning.tune import tune

EDGE = dse.TileEngine.edge()
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "adam": lambda: optax.adam(0.1),
    "lbfgs": lambda: optax.lbfgs(),
    "chain": lambda: optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.scale_by_adam(),
        optax.scale_by_schedule(optax.cosine_decay_schedule(0.2, 100)),
        optax.scale(-1.0),
    ),
}


def bowl(design: Any) -> Any:
    """A valley along pes * lanes_per_pe = 6000, lowest where pes is 200."""
    pes, lanes = jnp.log(design.pes), jnp.log(design.lanes_per_pe)
    return (pes + lanes - np.log(6000)) ** 2 + 0.1 * (pes - np.log(200)) ** 2


GRID = dse.Space(
    EDGE, pes=dse.powers_of_two(16, 1024), lanes_per_pe=dse.powers_of_two(1, 128)
)


def best_of(space: dse.Space, objective: Any, allowed: Any = lambda _: True) -> int:
    """The index of the best design, by asking all of them."""
    with jax.enable_x64(True):
        machines = [space.at(index) for index in range(space.size)]
        costs = [
            float(objective(machine)) if allowed(machine) else np.inf
            for machine in machines
        ]
    return int(np.argmin(costs))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_finds_the_best_of_all_designs(name: str) -> None:
    found = tune(bowl, GRID, OPTIMIZERS[name](), starts=8, steps=60)
    best = GRID.at(best_of(GRID, bowl))
    assert (found.design.pes, found.design.lanes_per_pe) == (
        best.pes,
        best.lanes_per_pe,
    )
    assert found.feasible
    assert found.evaluations < GRID.size + 8  # each design of the grid at most once
    assert found.gradients >= 8 * 60


@pytest.mark.parametrize("relaxation", ["annealed", "straight_through"])
def test_gradients_alone_come_close_to_the_bottom(relaxation: Any) -> None:
    found = tune(bowl, GRID, starts=8, steps=100, relaxation=relaxation)
    rounded = found.to_pandas()
    best = GRID.at(best_of(GRID, bowl))
    steps_away = np.abs(np.log2(rounded.pes / best.pes)) + np.abs(
        np.log2(rounded.lanes_per_pe / best.lanes_per_pe)
    )
    assert steps_away.min() <= 2


def test_a_continuous_axis_ends_where_the_derivative_is_zero() -> None:
    space = dse.Space(
        EDGE, clock_mhz=dse.continuous(100, 2000), pes=dse.powers_of_two(16, 64)
    )

    def cost(design: Any) -> Any:  # x + 490000 / x is least at 700
        clock = design.clock_mhz
        return clock / 700 + 700 / clock + design.pes / 1000

    found = tune(cost, space, starts=4, steps=60)
    assert found.values["pes"] == 16
    assert found.values["clock_mhz"] == pytest.approx(700, rel=2e-3)


def test_a_constraint_is_met_with_almost_nothing_to_spare() -> None:
    # The least x + 1/x with x >= 2 is at x = 2; here x = clock / 700.
    space = dse.Space(EDGE, clock_mhz=dse.continuous(100, 2800))

    def cost(design: Any) -> Any:
        return design.clock_mhz / 700 + 700 / design.clock_mhz

    def too_slow(design: Any) -> Any:
        return 2.0 - design.clock_mhz / 700

    found = tune(cost, space, starts=4, steps=100, subject_to=[too_slow])
    assert found.feasible
    assert 1400 <= found.values["clock_mhz"] <= 1400 * 1.002


def test_rounding_never_breaks_a_constraint_to_gain() -> None:
    def too_many(design: Any) -> Any:
        return design.pes * design.lanes_per_pe / 3000 - 1

    found = tune(bowl, GRID, starts=8, steps=60, subject_to=[too_many])
    allowed = best_of(GRID, bowl, lambda d: d.pes * d.lanes_per_pe <= 3000)
    assert found.feasible
    assert found.design == GRID.at(allowed)


def test_where_a_limit_binds_three_steps_at_once_are_found() -> None:
    # Twice the PEs of half the lanes and half the softmax units each: as many of all,
    # and faster. Any one or two of the three steps break the limit, or are slower.
    space = dse.Space(
        EDGE,
        pes=[64, 128],
        lanes_per_pe=[8, 16],
        softmax_units_per_pe=[4, 8],
    )

    def units(design: Any) -> Any:
        return (
            jnp.log2(design.pes * design.lanes_per_pe / 1024),
            jnp.log2(design.pes * design.softmax_units_per_pe / 512),
        )

    def slow(design: Any) -> Any:
        lanes, softmax = units(design)
        return (lanes < 0) + (softmax < 0) - 0.1 * jnp.log2(design.pes)

    def large(design: Any) -> Any:
        lanes, softmax = units(design)
        return (0.25 * (lanes + softmax)) * 1.0

    problem = Problem([slow], space, subject_to=[large])
    exact, axes = Exact(problem), problem.coordinates
    trapped = np.asarray([[0.0, 1.0, 1.0]])
    near = exact(
        np.concatenate([trapped, pairs(axes, trapped), neighbours(axes, trapped)])
    )
    assert near.order()[0] == 0  # nothing within two steps is better
    found = search_along_limits(exact, axes, trapped, 100)
    assert found.points[0].tolist() == [1.0, 0.0, 0.0]
    assert found.violation[0] == 0
    assert exact.evaluations <= space.size


def test_a_bound_of_0_is_met_by_a_machine_that_loses_nothing() -> None:
    workload = dse.transformer("bert-tiny", seq_len=32)
    space = dse.Space(dse.TileEngine.edge(), pes=[64, 128], lanes_per_pe=[8, 16])
    best = dse.tune(
        "min:energy", space, workload=workload, subject_to=["accuracy_drop <= 0 %"]
    )
    swept = dse.sweep(space, workload).to_pandas()
    assert best.feasible
    energy = float(dse.evaluate(best.design, workload).energy)
    assert energy * 1e3 == pytest.approx(swept["energy_mj"].min())


def test_without_a_feasible_design_it_says_what_failed_and_by_how_much() -> None:
    def too_many(design: Any) -> Any:  # at best 16 lanes of 4 allowed: broken by 3
        return design.pes * design.lanes_per_pe / 4 - 1

    found = tune(bowl, GRID, starts=4, steps=20, subject_to=[too_many])
    assert not found.feasible
    assert found.violated == {"too_many": pytest.approx(3.0)}
    assert "`too_many` is broken by 3 " in found.verdict
    assert found.gap is None


def test_labels_are_tried_or_mixed() -> None:
    space = dse.Space(
        EDGE,
        pes=dse.powers_of_two(16, 256),
        main_memory=["dram_32_2_1", "hbm_32_1_4", "rram_32_2_1"],
    )

    def cost(design: Any) -> Any:  # the third memory of the engine's list is best
        wanted = dse.TileEngine(main_memory="hbm_32_1_4").main_memory
        return (jnp.log2(design.pes) - 6) ** 2 + (design.main_memory != wanted) * 1.0

    for choices in ("spread", "mixture"):
        found = tune(cost, space, starts=6, steps=40, choices=choices)
        assert found.values["main_memory"] == "hbm_32_1_4"
        assert found.values["pes"] == 64
    ends = found.to_pandas()  # every start of the mixture learned the label
    assert set(ends.main_memory) == {"hbm_32_1_4"}


def test_several_spaces_are_tuned_together_in_their_own_shape() -> None:
    spaces = {
        "small": dse.Space(EDGE, pes=dse.powers_of_two(16, 1024)),
        "large": dse.Space(EDGE, pes=dse.powers_of_two(16, 1024)),
    }

    def apart(designs: Any) -> Any:  # together 10 doublings, 2 of them apart
        small, large = jnp.log2(designs["small"].pes), jnp.log2(designs["large"].pes)
        return (small + large - 14) ** 2 + (large - small - 2) ** 2

    found = tune(apart, spaces, starts=6, steps=40)
    assert found.design["small"].pes == 64
    assert found.design["large"].pes == 256
    assert found.values == {"small.pes": 64, "large.pes": 256}


@pytest.mark.parametrize(
    "name",
    [
        "adam",
        pytest.param("lbfgs", marks=pytest.mark.nightly),
        pytest.param("chain", marks=pytest.mark.nightly),
    ],
)
def test_a_key_gives_the_same_run_bit_for_bit(name: str) -> None:
    runs = [
        tune(
            bowl, GRID, OPTIMIZERS[name](), starts=4, steps=30, key=jax.random.key(key)
        ).trajectory
        for key in (7, 7, 8)
    ]
    assert np.array_equal(runs[0].shares, runs[1].shares)
    assert np.array_equal(runs[0].loss, runs[1].loss)
    assert not np.array_equal(runs[0].shares, runs[2].shares)


def test_a_rule_of_the_space_rules_designs_out() -> None:
    space = dse.Space(
        EDGE,
        legal={"few lanes": "lanes_per_pe * pes <= 3000"},
        pes=dse.powers_of_two(16, 1024),
        lanes_per_pe=dse.powers_of_two(1, 128),
    )
    found = tune(bowl, space, starts=8, steps=40)
    assert found.feasible
    assert found.design.pes * found.design.lanes_per_pe <= 3000


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"objective": "min:energy"}, "needs one space"),
        ({"subject_to": ["area <= 50 mm^2"]}, "needs one space"),
        ({"space": EDGE}, "no `Space` to tune"),
        ({"space": dse.Space(EDGE, batch=[1, 4])}, "give the `workload`"),
        ({"space": dse.Space(EDGE, pes=[64])}, "nothing can move"),
        ({"relaxation": "straight"}, "Did you mean"),
        ({"choices": "mixed"}, "Did you mean `mixture`"),
        ({"starts": 0}, "`starts` is 0; give a whole"),
    ],
)
def test_a_problem_that_makes_no_sense_is_refused(
    arguments: dict[str, Any], told: str
) -> None:
    asked: dict[str, Any] = {"objective": bowl, "space": GRID} | arguments
    with pytest.raises(InputError, match=told):
        tune(asked.pop("objective"), asked.pop("space"), **asked)
