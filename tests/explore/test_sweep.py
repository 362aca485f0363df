"""Sweeps: all rows, the exact front in constant memory, suites, limits and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import dse
from dse.errors import InputError
from dse.explore import front_so_far
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import Runs
from dse.workload.layers import chain, linear
from dse.workload.ops import Block, Workload

EDGE = dse.TileEngine.edge()
GOALS = ("max:throughput", "min:energy", "min:area")


def product(rows: int, *, batch: float = 1.0) -> Workload:
    """A workload of one matrix product, quick to compile."""
    ops = chain([linear("ffn_up", rows, 96, 160, reads=(0,))])
    block = Block(ops=ops, repeats=1)
    return Workload(name=f"product {rows}", blocks=(block,), batch=batch, seq_len=rows)


def sweep(space: dse.Space, workload: Any, **options: Any) -> Runs:
    return dse.sweep(
        space, workload, **{"timing": "roofline", "progress": False} | options
    )


def equal(one: Runs, other: Runs) -> None:
    """Assert that two runs hold the same rows, to the last bit."""
    np.testing.assert_array_equal(one.index, other.index)
    assert list(one.metrics) == list(other.metrics)
    for metric in one.metrics:
        assert one.metrics[metric].tobytes() == other.metrics[metric].tobytes()
    assert one.reason.tolist() == other.reason.tolist()


def front_by_comparing(runs: Runs, *goals: str) -> np.ndarray[Any, Any]:
    """The indices of the feasible rows that no feasible row beats."""
    columns = []
    for goal in goals:
        sense, _, metric = goal.partition(":")
        columns.append(runs.metrics[metric] * (-1 if sense == "max" else 1))
    feasible = np.flatnonzero(runs.reason == "")
    costs = np.stack(columns, axis=1)[feasible]
    # In this order a row can be beaten by an earlier one only.
    order = np.lexsort(costs.T[::-1])
    kept: list[int] = []
    for row in order:
        best = costs[kept]
        beats = (best <= costs[row]).all(axis=1) & (best < costs[row]).any(axis=1)
        if not beats.any():
            kept.append(row)
    return np.sort(runs.index[feasible[kept]])


# -- a front found in passing is the front of all rows ---------------------------------

AXES = {
    "pes": range(1, 30),
    "lanes_per_pe": [1, 2, 3, 4, 6, 8, 12, 16],
    "multipliers_per_lane": [1, 4, 16],
    "tile_size": [4, 8, 16],
    "weight_buffer_mib": [0.001, 0.05, 0.5, 2.0],
    "memory_bandwidth_gb_per_s": [1.0, 10.0, 25.6, 100.0],
    "non_linearity": ["relu", "gelu"],
    "batch": [1, 3, 4],
}


@st.composite
def spaces(draw: st.DrawFn) -> dse.Space:
    """Some values of each axis, in any order; hundreds to tens of thousands."""
    axes = {}
    for name in draw(st.permutations(list(AXES))):
        values = draw(st.permutations(AXES[name]))
        most = 12 if name == "pes" else 3
        axes[name] = values[: draw(st.integers(2, most))]
    legal = {"few lanes": "pes * lanes_per_pe <= 100"}
    return dse.Space(EDGE, legal=legal if draw(st.booleans()) else {}, **axes)


@settings(max_examples=5)
@given(
    space=spaces(),
    timing=st.sampled_from(["walk", "roofline"]),
    block_size=st.sampled_from([1000, 2**17]),
)
def test_the_streamed_front_is_the_front_of_all_rows(
    space: dse.Space, timing: str, block_size: int
) -> None:
    workload = product(40)
    rows = sweep(space, workload, timing=timing)
    with pytest.MonkeyPatch.context() as patch:
        # A small start and many merges, so that the search itself is put to work.
        patch.setattr(front_so_far, "BATCH", 32)
        front = sweep(
            space, workload, timing=timing, front=GOALS, block_size=block_size
        )
    np.testing.assert_array_equal(front.index, front_by_comparing(rows, *GOALS))
    equal(front, rows.take(front.index))
    equal(front, dse.pareto(rows, *GOALS))


# -- one space, seen from all sides ----------------------------------------------------

SPACE = dse.Space(
    EDGE,
    legal={"tile within batch": "tile_batch <= batch"},
    pes=dse.integers(8, 64, 8),
    lanes_per_pe=[1, 3, 8, 12],
    tile_batch=[1, 4],
    non_linearity=["relu", "gelu"],
    issue_batch=dse.tied("pes / 8"),
    weight_buffer_mib=[0.5, 1.0, 2.0],
    batch=[1, 4, 6],
)
WORKLOAD = product(50)
LIMIT = "area <= 24 mm^2"


@pytest.fixture(scope="module")
def rows() -> Runs:
    return sweep(SPACE, WORKLOAD)


@pytest.fixture(scope="module")
def limited_rows() -> Runs:
    return sweep(SPACE, WORKLOAD, limits=[LIMIT])


@pytest.fixture(scope="module")
def front() -> Runs:
    return sweep(SPACE, WORKLOAD, front=GOALS)


def test_every_design_of_a_space_is_a_row(rows: Runs) -> None:
    np.testing.assert_array_equal(rows.index, np.arange(SPACE.size))
    assert rows.evaluated == SPACE.size
    missing = set(SHOWN_UNITS) - set(rows.metrics)
    assert {name for name in missing if "token" not in name} == {"budget_use"}
    assert len(missing) == 5  # no FPGA, and no tokens are made


def test_a_row_says_what_evaluating_its_design_says(rows: Runs) -> None:
    for row in SPACE.sample(3):
        batch = float(SPACE.decode(row)["batch"])
        found = dse.evaluate(
            rows.row(row), WORKLOAD.replace(batch=batch), timing="roofline"
        )
        for metric in rows.metrics:
            assert rows.metrics[metric][row] == pytest.approx(
                float(getattr(found, metric)), rel=1e-5
            )


@pytest.mark.parametrize("block_size", [1, 300])
def test_the_size_of_the_blocks_changes_no_byte_of_the_front(
    front: Runs, block_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_so_far, "BATCH", 64)
    equal(front, sweep(SPACE, WORKLOAD, front=GOALS, block_size=block_size))


def test_a_front_knows_what_it_is_the_front_of(front: Runs) -> None:
    assert tuple(map(str, front.objectives)) == GOALS
    assert front.evaluated == SPACE.size
    assert 1 < len(front) < SPACE.size
    said = " ".join(repr(front).split())
    assert said.startswith(
        f"{len(front)} of {SPACE.size:,} designs evaluated: the front of "
        "max:throughput, min:energy, min:area"
    )


# -- what rules a design out -----------------------------------------------------------


def test_an_infeasible_row_stays_with_its_first_reason(limited_rows: Runs) -> None:
    moved = SPACE.decode(limited_rows.index)
    illegal = moved["tile_batch"] > moved["batch"]
    large = limited_rows.metrics["area"] > 24e-6
    wanted = np.where(
        illegal, "tile within batch", np.where(large, "breaks area <= 24 mm^2", "")
    )
    assert limited_rows.reason.tolist() == wanted.tolist()
    assert set(wanted) == {"", "tile within batch", "breaks area <= 24 mm^2"}


def test_limits_may_be_set_after_the_sweep(rows: Runs, limited_rows: Runs) -> None:
    equal(rows.limited(LIMIT), limited_rows)
    equal(dse.pareto(rows, *GOALS, limits=[LIMIT]), dse.pareto(limited_rows, *GOALS))


def test_a_front_within_limits_holds_feasible_designs_only(limited_rows: Runs) -> None:
    found = sweep(SPACE, WORKLOAD, front=GOALS, limits=[LIMIT])
    np.testing.assert_array_equal(found.index, front_by_comparing(limited_rows, *GOALS))
    assert set(found.reason) == {""}
    assert np.all(found.metrics["area"] <= 24e-6)


def test_a_front_without_a_feasible_design_is_empty(rows: Runs) -> None:
    empty = dse.pareto(rows, *GOALS, limits=["area <= 1 um^2"])
    assert len(empty) == 0
    for asked in (empty.row, lambda row: dse.uncertainty(empty, WORKLOAD, draws=2)):
        with pytest.raises(dse.InputError, match="so that there is no row"):
            asked(0)


def test_the_front_of_a_space_in_which_nothing_moves_is_its_one_design(
    tmp_path: Path,
) -> None:
    for tied in ({}, {"pes": dse.tied("2 * lanes_per_pe")}):
        space = dse.Space("tile:edge", **tied)
        front = dse.sweep(space, "bert-nano", front=["min:energy"], progress=False)
        assert list(front.index) == [0]
        alone = dse.evaluate(space.at(0), "bert-nano")
        assert front.metrics["energy"][0] == pytest.approx(alone.energy, rel=1e-12)
        assert dse.report(front, tmp_path / "one.html").is_file()


def test_a_row_that_is_not_there_is_refused(rows: Runs) -> None:
    assert rows.row(-1) == rows.row(len(rows) - 1)
    with pytest.raises(dse.InputError, match=f"`row` is {len(rows)}, and there"):
        rows.row(len(rows))


def test_a_rule_that_holds_with_equality_keeps_its_designs_on_the_front() -> None:
    space = dse.Space(
        EDGE,
        legal={"masks fit": "activation_buffer_mib / 10 <= mask_buffer_mib"},
        pes=dse.integers(1, 96),
        lanes_per_pe=dse.integers(1, 48),
        activation_buffer_mib=[9],
        mask_buffer_mib=[0.9, 1.5],
    )
    found = sweep(space, WORKLOAD, front=("max:throughput", "min:area"))
    rows = sweep(space, WORKLOAD)
    wanted = front_by_comparing(rows, "max:throughput", "min:area")
    np.testing.assert_array_equal(found.index, wanted)


# -- equal designs ---------------------------------------------------------------------


def test_equal_designs_are_all_kept_or_only_the_first(rows: Runs) -> None:
    # Neither rate depends on the non-linearity.
    goals = ("max:throughput", "max:peak_rate")
    every = dse.pareto(rows, *goals)
    first = dse.pareto(rows, *goals, keep="distinct")
    assert 0 < len(first) < len(every)
    seen: dict[tuple[float, ...], int] = {}
    for index, costs in zip(every.index, every.costs(every.objectives), strict=True):
        seen.setdefault(tuple(costs), int(index))
    assert first.index.tolist() == sorted(seen.values())
    equal(first, sweep(SPACE, WORKLOAD, front=goals, keep="distinct", block_size=300))


# -- suites ----------------------------------------------------------------------------

SUITE = [product(30, batch=2), product(50, batch=1), product(90, batch=4)]
WEIGHTS = [5.0, 3.0, 2.0]


def test_a_suite_is_the_weighted_mean_of_its_workloads() -> None:
    space = dse.Space(EDGE, pes=[8, 32], lanes_per_pe=[3, 16], tile_size=[8, 16])
    together = sweep(space, SUITE, weights=WEIGHTS).metrics
    alone = [sweep(space, workload).metrics for workload in SUITE]

    def mean(read: Any) -> Any:
        values = [read(metrics) for metrics in alone]
        return sum(w * v for w, v in zip(WEIGHTS, values, strict=True)) / sum(WEIGHTS)

    time = mean(lambda m: 1 / m["throughput"])  # per sequence
    energy = mean(lambda m: m["energy"])
    kinds = ("weight_memory", "cache_memory", "activation_memory")
    held = {n: np.maximum.reduce([m[n] for m in alone]) for n in kinds}
    capacity = sum(alone[0][n] for n in kinds) / alone[0]["capacity_use"]
    wanted = {
        "latency": mean(lambda m: m["latency"]),
        "throughput": 1 / time,
        "energy": energy,
        "power": energy / time,
        "area": alone[0]["area"],
        "peak_rate": alone[0]["peak_rate"],
        "effective_rate": mean(lambda m: m["effective_rate"] / m["throughput"]) / time,
        "energy_delay": energy * time,
        "batch_energy_delay": energy / time * mean(lambda m: m["latency"]) ** 2,
        "accuracy_drop": mean(lambda m: m["accuracy_drop"]),
        "accuracy_spread": mean(lambda m: m["accuracy_spread"]),
        "power_density": mean(lambda m: m["power_density"] / m["throughput"]) / time,
        "clock_use": alone[0]["clock_use"],
        "edge_use": alone[0]["edge_use"],
        "capacity_use": sum(held.values()) / capacity,
        **held,
        "wear": mean(lambda m: m["wear"] / m["throughput"]) / time,
    }
    assert wanted.keys() == together.keys()
    for metric, column in wanted.items():
        np.testing.assert_allclose(together[metric], column, rtol=1e-12)


@pytest.mark.parametrize(
    ("workloads", "weights"),
    [([], None), (SUITE, [1.0]), (SUITE, [1.0, 0.0, 1.0]), (SUITE[:1], [-1.0])],
)
def test_each_workload_of_a_suite_needs_a_positive_weight(
    workloads: list[Workload], weights: list[float] | None
) -> None:
    with pytest.raises(InputError, match="give one positive weight for each"):
        sweep(SPACE, workloads, weights=weights)


def test_more_rows_than_memory_holds_are_refused_with_a_way_out() -> None:
    counts = dse.integers(1, 3500)
    space = dse.Space(EDGE, pes=counts, lanes_per_pe=counts)
    with pytest.raises(InputError, match="12,250,000 rows do not belong in memory"):
        sweep(space, WORKLOAD)


@pytest.mark.parametrize("goals", [("max:thruput",), ("throughput",), GOALS + GOALS])
def test_a_front_of_nothing_that_is_measured_is_refused(
    rows: Runs, goals: tuple[str, ...]
) -> None:
    with pytest.raises(InputError, match="objective"):
        dse.pareto(rows, *goals)
