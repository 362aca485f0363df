"""Rows of designs and metrics: the tables, arrays and numbers made of them."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.explore.basis import Basis
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import Runs, with_reasons

SPACE = dse.Space(
    dse.TileEngine.edge(),
    legal={"tile within batch": "tile_batch <= batch"},
    pes=[64, 128],
    tile_batch=[1, 4],
    non_linearity=["gelu", "relu"],
    issue_batch=dse.tied("pes / 8"),
    batch=[1, 4, 8],
)
BERT = dse.transformer("bert-tiny")
BASIS = Basis(((BERT, 1.0),), SPACE.design.default_technology(), "walk")
COLUMNS = {
    "throughput_seq_per_s": ("throughput", 1.0),
    "latency_us": ("latency", 1e-6),
    "energy_mj": ("energy", 1e-3),
    "power_w": ("power", 1.0),
    "area_mm2": ("area", 1e-6),
    "energy_delay_j_s": ("energy_delay", 1.0),
    "batch_energy_delay_j_s": ("batch_energy_delay", 1.0),
    "peak_rate_tops": ("peak_rate", 1e12),
    "effective_rate_tops": ("effective_rate", 1e12),
    "accuracy_drop_percent": ("accuracy_drop", 1e-2),
    "accuracy_spread_percent": ("accuracy_spread", 1e-2),
    "budget_use_percent": ("budget_use", 1e-2),
    "power_density_w_per_mm2": ("power_density", 1e6),
    "wear_percent_per_year": ("wear", 1e-2 / (365.25 * 24 * 3600)),
    "clock_use_percent": ("clock_use", 1e-2),
    "time_to_first_token_ms": ("time_to_first_token", 1e-3),
    "time_per_output_token_ms": ("time_per_output_token", 1e-3),
    "tokens_per_second_tokens_per_s": ("tokens_per_second", 1.0),
    "energy_per_token_mj": ("energy_per_token", 1e-3),
    "edge_use_percent": ("edge_use", 1e-2),
    "capacity_use_percent": ("capacity_use", 1e-2),
    "weight_memory_gib": ("weight_memory", 2.0**30),
    "cache_memory_gib": ("cache_memory", 2.0**30),
    "activation_memory_gib": ("activation_memory", 2.0**30),
}


def made_up() -> Runs:
    """All designs of the space, with metrics that are easy to tell apart."""
    index = np.arange(SPACE.size)
    metrics = {
        name: (place + 1.0) * 1e-3 * (index + 1.0)
        for place, name in enumerate(SHOWN_UNITS)
    }
    metrics["energy"] = np.where(index == 3, np.nan, metrics["energy"])
    return with_reasons(SPACE, BASIS, index, metrics, [], SPACE.size)


RUNS = made_up()


def test_columns_of_a_table_carry_their_units() -> None:
    table = RUNS.to_pandas()
    assert list(table) == [
        "design",
        *SPACE.names,
        "issue_batch",
        *COLUMNS,
        "feasible",
        "reason",
    ]
    for column, (metric, size) in COLUMNS.items():
        np.testing.assert_allclose(table[column] * size, RUNS.metrics[metric])


def test_a_table_shows_designs_as_they_were_asked_for() -> None:
    table = RUNS.to_pandas()
    for row in (0, 7, SPACE.size - 1):
        values = {name: table[name][row] for name in SPACE.names}
        assert SPACE.index(**values) == table["design"][row] == row
        assert table["issue_batch"][row] == table["pes"][row] / 8
    assert set(table["non_linearity"]) == {"gelu", "relu"}


def test_a_row_that_is_no_number_has_a_reason_and_is_on_no_front() -> None:
    assert RUNS.reason[3] == "`energy` is not known"
    table = RUNS.to_pandas()
    assert (table["feasible"] == (table["reason"] == "")).all()
    assert set(table["reason"]) == {"", "`energy` is not known", "tile within batch"}
    front = dse.pareto(RUNS, "max:area", "min:power")
    assert 3 not in front.index
    assert (front.reason == "").all()


def test_a_whole_grid_is_an_array_per_metric() -> None:
    grid = RUNS.take(np.random.default_rng(0).permutation(SPACE.size)).to_xarray()
    assert dict(grid.sizes) == dict(zip(SPACE.names, SPACE.shape, strict=True))
    assert set(grid.data_vars) == set(SHOWN_UNITS)
    assert grid["area"].attrs["units"] == "mm^2"
    one = grid["latency"].sel(pes=128, tile_batch=4, non_linearity="relu", batch=8)
    place = SPACE.index(pes=128, tile_batch=4, non_linearity="relu", batch=8)
    assert float(one) == pytest.approx(RUNS.metrics["latency"][place] * 1e6)


def test_designs_of_a_grid_are_an_array_per_metric_with_their_axes_beside() -> None:
    some = RUNS.take(np.asarray([20, 3, 7]))
    table = some.to_xarray()
    assert dict(table.sizes) == {"design": 3}
    assert list(table["design"].values) == [20, 3, 7]
    assert list(table["pes"].values) == list(some.designs["pes"])
    assert list(table["area"].values) == list(some.to_pandas()["area_mm2"])


def test_every_number_of_an_array_says_its_unit() -> None:
    space = dse.Space(dse.TileEngine.edge(), weight_buffer_mib=[4, 8], clock_mhz=[500])
    runs = dse.sweep(space, dse.transformer("bert-tiny"), progress=False)
    machines = dse.Space.listed(dse.TileEngine.edge(), weight_buffer_mib=[4.0, 8.0])
    listed = dse.sweep(machines, dse.transformer("bert-tiny"), progress=False)
    front = dse.pareto(runs, "min:energy", "min:area")
    for found in (runs, front, listed):
        table = found.to_xarray()
        assert table["weight_buffer_mib"].attrs["units"] == "MiB"
        assert all(table[metric].attrs["units"] for metric in found.metrics)
    assert runs.to_xarray()["clock_mhz"].attrs["units"] == "MHz"


def test_a_row_gives_back_its_machine() -> None:
    place = SPACE.index(pes=128, tile_batch=4, non_linearity="relu", batch=8)
    assert RUNS.row(place) == dse.TileEngine(
        pes=128, tile_batch=4, non_linearity="relu", issue_batch=16
    )


def test_volume_and_knee_are_those_of_the_objectives_of_a_front() -> None:
    index = np.arange(3)
    metrics = {name: np.ones(3) for name in SHOWN_UNITS}
    metrics["throughput"] = np.asarray([1.0, 3.0, 4.0])
    metrics["energy"] = np.asarray([1.0, 1.5, 6.0])
    runs = with_reasons(SPACE, BASIS, index, metrics, [], 3)
    front = dse.pareto(runs, "max:throughput", "min:energy", buildable=False)
    assert front.index.tolist() == [0, 1, 2]
    assert front.knee() == 1
    # Boxes from throughput 0 and energy 7: 1 x 6, then 2 x 5.5 and 1 x 1 more.
    assert front.hypervolume(throughput=0.0, energy=7.0) == pytest.approx(6 + 11 + 1)
    with pytest.raises(InputError, match="the reference point lacks energy"):
        front.hypervolume(throughput=0.0)
    for ask in (runs.knee, lambda: runs.hypervolume(energy=1.0)):
        with pytest.raises(InputError, match="these runs are no front"):
            ask()


def test_a_design_is_named_by_the_number_that_tables_show() -> None:
    some = RUNS.take(slice(3, 6))
    for place, number in enumerate(some.columns["design"]):
        assert some.design(number) == some.row(place)
    missing = int(RUNS.index[0])
    with pytest.raises(InputError, match=f"design {missing} is not among these 3"):
        some.design(missing)
