"""The cases of README.md beside this file, of a crossbar engine."""

from __future__ import annotations

import pytest

import dse
from dse.engines.crossbar.array import idle_power
from dse.workload.layers import Op, chain, linear
from dse.workload.ops import Block
from tests.known_answers.test_nm_engine import QUERY


def test_weights_stay_in_the_cells_and_activations_cross_once() -> None:
    found = dse.evaluate(dse.CrossbarEngine.isaac(), QUERY).dynamic_energy
    assert float(found["main_memory"]) == pytest.approx(524_288 * 15e-12, rel=1e-6)
    assert float(found["memory_interface"]) == pytest.approx(
        524_288 * 3.5e-12, rel=1e-6
    )
    assert float(found["weight_writes"]) == 0.0


# 1,024 columns of 2 bits are 8 arrays, all of one core: each of 128 x 128 inputs comes
# over its bus once, each result goes over it and then on to the next tile.
def test_inputs_and_results_cross_the_bus_and_results_the_router() -> None:
    isaac = dse.CrossbarEngine.isaac()
    found = dse.evaluate(isaac, QUERY).dynamic_energy
    technology, bits = isaac.default_technology(), 128 * 128 * 16
    bus, router = 2 * bits * technology["bus.energy"], technology["router.energy"]
    assert float(found["bus"]) == pytest.approx(bus, rel=1e-6)
    assert float(found["router"]) == pytest.approx(bits * router, rel=1e-6)


# 16 values of a row are an array; drivers of 8 arrays each are driven whole.
@pytest.mark.parametrize(("columns", "drivers"), [(128, 1), (192, 2), (256, 2)])
def test_a_driver_of_eight_arrays_is_driven_for_one(columns: int, drivers: int) -> None:
    isaac = dse.CrossbarEngine.isaac().replace(arrays_per_driver=8)

    def driven(width: int) -> float:
        ops = chain([linear("query", 128, 128, width, reads=(0,))])
        block = Block(ops=ops, repeats=1)
        work = dse.Workload(name="query", blocks=(block,), seq_len=128)
        return float(dse.evaluate(isaac, work).dynamic_energy["dac"])

    assert driven(columns) == pytest.approx(drivers * driven(16), rel=1e-6)


# 12 layers of 12 heads multiply 64 values of a query by 512 keys, on 336 lanes at 1
# GHz; where sequences follow each other, four of them wait for one.
@pytest.mark.parametrize(("pipelining", "sequences"), [("layers", 1), ("none", 4)])
def test_keys_of_a_cache_are_multiplied_on_the_vector_units(
    pipelining: str, sequences: int
) -> None:
    step = dse.transformer("gpt2", mode="decode", context_len=512, batch=4)
    machine = dse.CrossbarEngine.isaac().replace(pipelining=pipelining)
    found = dse.evaluate(machine, step)
    at = found.op_names.index("scores")
    wanted = sequences * 12 * 12 * 64 * 512 / 336 * 1e-9
    assert float(found.op_busy["compute"][at]) == pytest.approx(wanted, rel=1e-6)


def test_as_published_bits_cross_a_link_to_whole_blocks_of_memory() -> None:
    isaac = dse.CrossbarEngine.isaac()
    technology = isaac.published_technology()
    found = dse.evaluate(isaac, QUERY, technology=technology).dynamic_energy
    access = technology["main_memory.access_energy"]  # of 64 bytes
    assert float(found["main_memory"]) == pytest.approx(1024 * access, rel=1e-6)
    link = 524_288 * technology["link.energy"]
    assert float(found["link"]) == pytest.approx(link, rel=1e-6)


# 128 x 128 values of 16 bits at 6.4 GB/s: 5.12 us in, as many out, and nothing besides:
# vector units work on values as they come and leave, and rows of a table are not worked
# on.
@pytest.mark.parametrize(
    "first",
    [
        Op("norm", "layer_norm", (0,), 128, 128),
        Op("table", "embedding", (), 128, 128, 1000),
    ],
    ids=lambda op: op.kind,
)
def test_what_is_no_product_takes_as_long_as_its_values_take_to_cross(
    first: Op,
) -> None:
    block = Block(
        ops=chain([first, Op("last", "layer_norm", (1,), 128, 128)]), repeats=1
    )
    work = dse.Workload(name=first.name, blocks=(block,), seq_len=128)
    found = dse.evaluate(dse.CrossbarEngine.isaac(), work)
    assert float(found.latency) == pytest.approx(2 * 5.12e-6, rel=1e-6)


# A driver of two bits draws twice what one of a single bit does, each an array's row.
@pytest.mark.parametrize("bits", [1, 2])
def test_drivers_draw_their_idle_power_bit_by_bit(bits: int) -> None:
    isaac = dse.CrossbarEngine.isaac().replace(dac_bits=bits)
    technology = isaac.default_technology()
    drivers = float(isaac.arrays) * 128 / float(isaac.arrays_per_driver)
    share = technology["dac.idle_share"] * technology["dac.power"]
    wanted = drivers * bits * share
    assert float(idle_power(isaac, technology)["dac"]) == pytest.approx(
        wanted, rel=1e-6
    )
