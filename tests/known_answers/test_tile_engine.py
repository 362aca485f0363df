"""The cases of README.md beside this file."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.hardware import sram
from dse.hardware.technology import Technology
from dse.workload.layers import chain, linear
from dse.workload.ops import Block


def query_alone(*, density: float = 1.0) -> dse.Workload:
    ops = chain([linear("query", 128, 128, 128, reads=(0,))])
    alone = dse.Workload(
        name="query", blocks=(Block(ops=ops, repeats=1),), seq_len=128, batch=1
    )
    return alone.with_density(activation=density, weight=density)


def cycles(found: dse.Metrics, what: str, clock_hz: float) -> float:
    return float(found.op_busy[what][0]) * clock_hz


CLOCK = 1.0 / (1521.7e-12 + 50e-12)


def test_a_dense_product_takes_320_cycles_and_its_lanes_0_973_microjoule() -> None:
    found = dse.evaluate(dse.TileEngine.edge(), query_alone())
    assert cycles(found, "compute", CLOCK) == pytest.approx(320, rel=1e-5)
    assert float(found.dynamic_energy["mac_lanes"]) == pytest.approx(
        0.97284e-6, rel=1e-4
    )


def test_a_half_dense_product_takes_128_cycles() -> None:
    found = dse.evaluate(dse.TileEngine.edge(), query_alone(density=0.5))
    assert cycles(found, "compute", CLOCK) == pytest.approx(128, rel=1e-5)


def test_lanes_in_lockstep_wait_for_the_slow_tile_and_burn_no_more() -> None:
    free = dse.TileEngine.edge()
    lockstep = free.replace(lane_schedule="lockstep")
    uneven = query_alone(density=0.5).with_imbalance(1.5)
    waiting, working = (dse.evaluate(design, uneven) for design in (lockstep, free))
    assert cycles(waiting, "compute", CLOCK) == pytest.approx(160, rel=1e-5)
    assert cycles(working, "compute", CLOCK) == pytest.approx(128, rel=1e-5)
    lanes = [float(found.dynamic_energy["mac_lanes"]) for found in (waiting, working)]
    assert lanes[0] == lanes[1]


@pytest.mark.parametrize("weight_buffer_mib", [1e-6, 4.0])
def test_weights_input_and_result_cross_in_1068_9_cycles_each(
    weight_buffer_mib: float,
) -> None:
    machine = dse.TileEngine.edge().replace(weight_buffer_mib=weight_buffer_mib)
    found = dse.evaluate(machine, query_alone())
    assert cycles(found, "load", CLOCK) == pytest.approx(3 * 1068.9, rel=1e-3)
    assert float(found.latency) * CLOCK == pytest.approx(3 * 1068.9, rel=1e-3)


def test_weights_that_stay_from_run_to_run_do_not_load_again() -> None:
    again = query_alone().replace(weights_stay=True)
    found = dse.evaluate(dse.TileEngine.edge(), again)
    assert cycles(found, "load", CLOCK) == pytest.approx(2 * 1068.9, rel=1e-3)


BUFFERS = ("activation_buffer", "weight_buffer", "mask_buffer")


def bit_prices(technology: Technology) -> list[float]:
    """Return the energy of a bit into or out of each buffer of AccelTran-Edge, in J."""
    edge = dse.TileEngine.edge()
    return [
        float(sram.access_energy(technology, buffer, edge.mib(buffer)))
        / (8 * technology[f"{buffer}.block"])
        for buffer in BUFFERS
    ]


@pytest.mark.parametrize(
    ("activation", "weight", "bits"),
    [
        (1.0, 1.0, (2_949_120, 2_949_120, 294_912)),
        (0.5, 0.25, (1_474_560, 737_280, 294_912)),
    ],
)
def test_bits_that_pass_each_buffer_are_paid_for(
    activation: float, weight: float, bits: tuple[int, ...]
) -> None:
    edge, query = dse.TileEngine.edge(), query_alone()
    query = query.with_density(activation=activation, weight=weight)
    found = dse.evaluate(edge, query).dynamic_energy
    prices = bit_prices(edge.default_technology())
    for buffer, price, passed in zip(BUFFERS, prices, bits, strict=True):
        assert float(found[buffer]) / price == pytest.approx(passed, rel=1e-6), buffer


def test_the_simulator_pays_for_masks_of_weights_what_main_memory_takes() -> None:
    edge = dse.TileEngine.edge()
    rules = edge.conventions.replace(masks_cost_as_weights=True)
    technology = edge.published_technology()
    found, usual = (
        dse.evaluate(m, query_alone(), technology=technology).dynamic_energy
        for m in (edge.replace(conventions=rules), edge)
    )
    _, weights, masks = bit_prices(technology)
    assert float(found["weight_buffer"]) == pytest.approx(2_621_440 * weights)
    moved = 278_528 * masks + float(usual["main_memory"])
    assert float(found["mask_buffer"]) == pytest.approx(moved)


# Source: tuli2023acceltran, configurations `nano`, `tiny` and `base` of its simulator.
@pytest.mark.parametrize(
    ("preset", "pes", "lanes", "softmax", "mib", "gb_per_s", "issue"),
    [
        ("nano", 256, 4, 1, (1, 0.125, 0.5), 256, 16),
        ("edge", 64, 16, 4, (4, 8, 1), 25.6, 8),
        ("edge_lp", 64, 16, 4, (4, 8, 1), 25.6, 2),
        ("server", 512, 32, 32, (32, 64, 8), 256, 128),
    ],
)
def test_presets_are_the_published_configurations(
    preset: str,
    pes: int,
    lanes: int,
    softmax: int,
    mib: tuple[float, ...],
    gb_per_s: float,
    issue: int,
) -> None:
    machine = getattr(dse.TileEngine, preset)()
    assert [machine.number(f"{buffer}_mib") for buffer in BUFFERS] == list(mib)
    assert {
        "pes": pes,
        "lanes_per_pe": lanes,
        "multipliers_per_lane": 16,
        "softmax_units_per_pe": softmax,
        "tile_batch": 1,
        "tile_size": 16,
        "memory_bandwidth_gb_per_s": gb_per_s,
        "issue_batch": issue,
    }.items() <= {n: machine.number(n) for n in machine.meanings()}.items()


def published_peak(machine: dse.TileEngine) -> float:
    """Operations per second as AccelTran counts its peak, which we count otherwise.

    One a cycle of the wanted clock for each multiplier, and for each lane of a softmax
    or layer-norm unit. Source: tuli2023acceltran.
    """
    products = machine.lanes_per_pe * machine.multipliers_per_lane
    others = (machine.softmax_units_per_pe + 1) * machine.tile_size
    return machine.pes * (products + others) * machine.clock_mhz * 1e6


def test_the_published_peaks_count_otherwise() -> None:
    edge, server = dse.TileEngine.edge(), dse.TileEngine.server()
    np.testing.assert_allclose(published_peak(edge) / 1e12, 15.05, atol=0.005)
    np.testing.assert_allclose(published_peak(server) / 1e12, 372.74, atol=0.005)


def test_a_peak_is_two_operations_a_mac_at_the_clock_that_is_reached() -> None:
    edge = dse.TileEngine.edge()
    peak = float(dse.evaluate(edge, query_alone()).peak_rate)
    assert peak == pytest.approx(2 * 64 * 16 * 16 * CLOCK, rel=1e-9)
    wished = edge.replace(clock_mhz=5000)
    assert float(dse.evaluate(wished, query_alone()).peak_rate) == peak


def test_published_areas_come_out() -> None:
    workload = query_alone()
    edge = dse.evaluate(dse.TileEngine.edge(), workload, technology="acceltran")
    server = dse.evaluate(dse.TileEngine.server(), workload, technology="acceltran")
    np.testing.assert_allclose(float(edge.area) * 1e6, 54.0643, rtol=1e-5)
    np.testing.assert_allclose(float(server.area) * 1e6, 1829.70, rtol=1e-5)
