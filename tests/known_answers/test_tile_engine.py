"""The cases of README.md beside this file."""

from __future__ import annotations

import numpy as np
import pytest

import dse
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
