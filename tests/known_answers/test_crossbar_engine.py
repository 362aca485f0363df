"""The cases of README.md beside this file, of a crossbar engine."""

from __future__ import annotations

import pytest

import dse
from dse.workload.layers import Op, chain
from dse.workload.ops import Block
from tests.known_answers.test_nm_engine import QUERY


def test_weights_stay_in_the_cells_and_activations_cross_once() -> None:
    found = dse.evaluate(dse.CrossbarEngine.isaac(), QUERY).dynamic_energy
    assert float(found["main_memory"]) == pytest.approx(524_288 * 15e-12, rel=1e-6)
    assert float(found["memory_interface"]) == pytest.approx(
        524_288 * 3.5e-12, rel=1e-6
    )
    assert float(found["weight_writes"]) == 0.0


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
