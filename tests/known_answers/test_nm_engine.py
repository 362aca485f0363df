"""The cases of README.md beside this file, of an N:M engine."""

from __future__ import annotations

import pytest

import dse
from dse.engines.nm.costs import costs
from dse.workload.layers import Op, chain, linear
from dse.workload.ops import Block

EDGE = dse.NMEngine.edge()
QUERY = dse.Workload(
    name="query",
    blocks=(Block(ops=chain([linear("query", 128, 128, 128, reads=(0,))]), repeats=1),),
    seq_len=128,
)
CLOCK = 700e6


def cycles(machine: dse.NMEngine) -> float:
    return float(dse.evaluate(machine, QUERY).op_busy["compute"][0]) * CLOCK


def test_a_product_at_2_of_4_takes_1024_cycles_and_8_to_fill() -> None:
    assert cycles(EDGE) == pytest.approx(1024 + 8, rel=1e-9)


def test_operands_that_come_slowly_are_waited_for_1664_cycles() -> None:
    slow = EDGE.replace(operand_bits_per_cycle=1024)
    assert cycles(slow) == pytest.approx(1664 + 8, rel=1e-9)


def test_bits_that_pass_each_buffer_and_the_port_are_paid_for() -> None:
    found = dse.evaluate(EDGE, QUERY).dynamic_energy
    price = costs(EDGE, EDGE.default_technology())
    passed = {
        "activation_buffer": 1_441_792,
        "weight_buffer": 589_824,
        "index_buffer": 147_456,
        "output_buffer": 262_144,
    }
    for buffer, bits in passed.items():
        paid = float(found[buffer]) / float(price.per_bit[buffer])
        assert paid == pytest.approx(bits, rel=1e-6), buffer
    for part, each in (("array", price.multiply), ("operand_muxes", price.select)):
        assert float(found[part]) / float(each) == pytest.approx(2**20, rel=1e-6), part
    assert float(found["main_memory"]) == pytest.approx(344_064 * 15e-12, rel=1e-6)


def test_scores_that_do_not_fit_cross_the_port_four_times() -> None:
    tiny = dse.transformer("bert-tiny", seq_len=128).attention_only()
    small = EDGE.replace(activation_buffer_kib=16.0)
    stay, leave = (
        dse.evaluate(small.replace(scores_on_chip=where), tiny).dynamic_energy
        for where in ("yes", "no")
    )
    price = costs(small, small.default_technology()).per_bit["activation_buffer"]
    for part, bit in (("main_memory", 15e-12), ("activation_buffer", float(price))):
        more = float(leave[part] - stay[part])
        assert more == pytest.approx(1_572_864 * bit, rel=1e-6), part


def test_attention_reads_both_operands_of_both_products_tile_by_tile() -> None:
    tiny = dse.transformer("bert-tiny", seq_len=128).attention_only()
    found = dse.evaluate(EDGE, tiny).dynamic_energy
    price = costs(EDGE, EDGE.default_technology())
    paid = {b: float(found[b]) / float(price.per_bit[b]) for b in price.per_bit}
    assert paid["activation_buffer"] == pytest.approx(10_747_904, rel=1e-6)
    assert paid["output_buffer"] == pytest.approx(524_288, rel=1e-6)
    assert paid["weight_buffer"] == paid["index_buffer"] == 0.0
    for part, each in (("array", price.multiply), ("operand_muxes", price.select)):
        assert float(found[part]) / float(each) == pytest.approx(2**23, rel=1e-6), part
    assert float(found["main_memory"]) == pytest.approx(1_048_576 * 15e-12, rel=1e-6)


# Constants are not pruned: all 128^3 products, twice what 2 of 4 leaves of a matrix.
@pytest.mark.parametrize("kind", ["transform", "convolution"])
def test_constants_are_multiplied_whole(kind: str) -> None:
    ops = chain([Op("mix", kind, (0,), 128, 128, 128)])
    block = Block(ops=ops, repeats=1)
    found = dse.evaluate(EDGE, dse.Workload(name="mix", blocks=(block,), seq_len=128))
    each = costs(EDGE, EDGE.default_technology()).multiply
    energy, seconds = found.dynamic_energy["array"], found.op_busy["compute"][0]
    assert float(energy) == pytest.approx(128**3 * float(each), rel=1e-6)
    assert float(seconds) * CLOCK == pytest.approx(2 * 1024 + 8, rel=1e-9)
