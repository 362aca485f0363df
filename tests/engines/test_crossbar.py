"""The crossbar engine: arrays, time, energy, what fits, and what wears out."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.engines.base import describe_run
from dse.engines.crossbar import array as arrays
from dse.engines.crossbar import memory as crossbar_memory
from dse.engines.crossbar import wear as crossbar_wear
from dse.evidence.crossbars import full_arrays, product, product_cost

ISAAC = dse.CrossbarEngine.isaac()
PUMA = dse.CrossbarEngine.puma()
TECHNOLOGY = ISAAC.default_technology()
TINY = dse.transformer("bert-tiny", seq_len=32)
# All weights of BERT-Base are 85 million of 16 bits, 5.4 times the chip's 33.5 million.
BASE = dse.transformer("bert-base", seq_len=32)


def ask(design: dse.CrossbarEngine, workload: dse.Workload = TINY) -> dse.Metrics:
    return dse.evaluate(design, workload)


# -- arrays ----------------------------------------------------------------------------


# 300 inputs: 3 arrays of 128 rows, the last of 44. 100 outputs of 8 cells each: 800
# columns, 7 arrays of 128. 21 arrays hold 240,000 cells.
def test_300_inputs_and_100_outputs_lie_in_21_arrays() -> None:
    placed = arrays.place(ISAAC, product(300.0, 100.0, 1.0))
    assert (float(placed.down), float(placed.across)) == (3.0, 7.0)
    assert float(placed.arrays) == 21.0
    assert float(placed.cells) == 240_000.0


def test_differential_weights_take_twice_the_columns() -> None:
    paired = ISAAC.replace(weight_code="differential")
    assert float(arrays.weight_slices(ISAAC)) == 8.0
    assert float(arrays.weight_slices(paired)) == 16.0


def test_a_weight_of_5_bits_takes_3_cells_of_2() -> None:
    assert float(arrays.weight_slices(ISAAC.replace(weight_bits=5))) == 3.0


# -- time and energy of a product ------------------------------------------------------


# 128 columns at 1.28 GS/s: 100 ns a slice; 16 bits one at a time: 1.6 us; 2 more slices
# fill the pipeline once. PUMA: 128 ns, and filling before every vector: 18 slices.
@pytest.mark.parametrize(
    ("design", "vectors", "nanoseconds"),
    [(ISAAC, 1, 1800), (ISAAC, 10, 16200), (PUMA, 1, 2304), (PUMA, 10, 23040)],
)
def test_time_of_vectors(
    design: dse.CrossbarEngine, vectors: float, nanoseconds: float
) -> None:
    found = arrays.vectors_seconds(design, design.default_technology(), 1.0, vectors)
    assert float(found) == pytest.approx(nanoseconds * 1e-9, rel=1e-5)


def test_fewer_rows_together_take_as_many_turns() -> None:
    few = ISAAC.replace(active_rows=50)
    placed = arrays.place(few, product(128.0, 16.0, 1.0))
    assert float(placed.row_groups) == 3.0


# 2 mW * 1.6 us = 3.2 nJ; 4 mW / 8 * 1.6 us = 0.8 nJ; 2.4 mW / 8 * 1.6 us = 0.48 nJ;
# 0.2 mW / 8 * 1.6 us = 0.04 nJ
def test_the_four_energies_of_isaacs_array() -> None:
    op = full_arrays(ISAAC, across=1.0, down=1.0, vectors=4096.0)
    seconds, energy = product_cost(ISAAC, TECHNOLOGY, op)
    assert seconds == pytest.approx(1.6e-6, rel=1e-3)
    for part, nanojoule in (
        ("adc", 3.2),
        ("dac", 0.8),
        ("cells", 0.48),
        ("shift_add", 0.04),
    ):
        assert energy[part] == pytest.approx(nanojoule * 1e-9, rel=2e-3)


# 18 slices of 128 ns at 8 (2 + 0.3) mW, 128 drivers of 3.897 uW, one adder of 0.05 mW:
# 2304 ns * (18.4 + 0.4988 + 0.05) mW = 43.66 nJ; published: 43.97.
def test_pumas_matrix_unit_takes_43_7_nanojoule() -> None:
    technology = PUMA.default_technology()
    op = full_arrays(PUMA, across=8.0, down=1.0, vectors=1.0)
    seconds, energy = product_cost(PUMA, technology, op)
    parts = ("adc", "dac", "cells", "shift_add")
    assert seconds == pytest.approx(2304e-9, rel=1e-5)
    assert sum(energy[part] for part in parts) == pytest.approx(43.66e-9, rel=1e-3)


def test_two_converters_an_array_halve_the_time_for_the_same_energy() -> None:
    faster = ISAAC.replace(adcs_per_array=2)
    op = full_arrays(ISAAC, across=1.0, down=1.0, vectors=64.0)
    slow, energy = product_cost(ISAAC, TECHNOLOGY, op)
    fast, same = product_cost(faster, TECHNOLOGY, op)
    assert fast == pytest.approx(slow / 2, rel=1e-6)
    assert same["adc"] == pytest.approx(energy["adc"], rel=1e-6)


def test_a_slow_law_slows_the_array_down() -> None:
    slow = ISAAC.replace(adc_law="zigzag")
    ratio = arrays.input_seconds(slow, TECHNOLOGY) / arrays.input_seconds(
        ISAAC, TECHNOLOGY
    )
    assert float(ratio) == pytest.approx(11.81 * 1.28, rel=1e-3)


# A converter of 1/64 of the rate makes a slice take 6.4 us: a driver draws a tenth of
# its power as long as that takes, and nine tenths of its energy once: 0.9 + 6.4.
def test_a_driver_draws_its_idle_power_through_a_long_slice_too() -> None:
    op, share = full_arrays(ISAAC, across=1.0, down=1.0, vectors=100.0), 0.10024
    slow = ISAAC.replace(adc_rate_ghz=1.28 / 64)
    usual, slowed = (product_cost(m, TECHNOLOGY, op)[1]["dac"] for m in (ISAAC, slow))
    assert slowed / usual == pytest.approx(1 - share + 64 * share, rel=1e-3)


# Else a batch that shares work would wait instead, and take more energy for it.
@pytest.mark.parametrize("part", ["adc", "dac"])
@pytest.mark.parametrize("slower", [1.0, 8.0, 64.0])
@pytest.mark.parametrize("bits", [1.0, 2.0])
def test_a_part_at_work_draws_no_less_than_one_that_waits(
    part: str, slower: float, bits: float
) -> None:
    machine = ISAAC.replace(adc_rate_ghz=1.28 / slower, dac_bits=bits)
    op = full_arrays(machine, across=1.0, down=1.0, vectors=100.0)
    seconds, energy = product_cost(machine, TECHNOLOGY, op)
    waiting = arrays.idle_power(machine, TECHNOLOGY)[part] / machine.arrays
    assert energy[part] > 1.05 * float(waiting) * seconds


# -- what fits -------------------------------------------------------------------------


def test_weights_that_fit_are_written_once_and_cost_nothing_any_more() -> None:
    found = ask(ISAAC)
    assert float(found.dynamic_energy["weight_writes"]) == 0.0
    assert float(found.extras["weights_rewritten_percent"]) == 0.0


def test_weights_that_do_not_fit_are_fetched_and_written_every_batch() -> None:
    found = ask(ISAAC, BASE)
    held = 160 * 96 * 128 * 128 / 8  # weights
    again = 1 - held / BASE.weights
    assert float(found.extras["weights_rewritten_percent"]) == pytest.approx(
        100 * again, rel=1e-4
    )
    writes = again * BASE.weights * 8 * TECHNOLOGY["cell.write_energy"]
    assert float(found.dynamic_energy["weight_writes"]) == pytest.approx(
        writes, rel=1e-4
    )
    loads = float(found.op_busy["load"].sum())
    assert loads >= again * BASE.weights * 2 / 6.4e9


def test_more_tiles_never_make_it_slower() -> None:
    latencies = [
        float(ask(ISAAC.replace(weight_tiles=tiles), BASE).latency)
        for tiles in (16, 80, 160, 480, 960)
    ]
    assert np.all(np.diff(latencies) <= 1e-12)


# -- sequences that follow each other --------------------------------------------------


# Twelve equal products one after another, each in arrays of its own: t a sequence for
# each, and a sequence leaves every t: (12 + 15) t for 16 of them, not 12 * 16 t.
def test_a_pipelined_batch_takes_its_latency_and_an_interval_a_sequence() -> None:
    def latency(batch: int, pipelining: str) -> float:
        design = ISAAC.replace(pipelining=pipelining, weight_tiles=960)
        workload = dse.Workload(
            name="stack",
            blocks=(square_layers(),),
            seq_len=128,
            batch=batch,
        )
        return float(ask(design, workload).latency)

    sequence = (128 * 16 + 2) * 100e-9
    assert latency(1, "layers") == pytest.approx(12 * sequence, rel=0.01)
    assert latency(16, "layers") == pytest.approx(27 * sequence, rel=0.01)
    assert latency(16, "none") == pytest.approx(192 * sequence, rel=0.01)


def square_layers() -> Any:
    from dse.workload.layers import chain, linear
    from dse.workload.ops import Block

    return Block(ops=chain([linear("layer", 128, 768, 768, reads=(0,))]), repeats=12)


def test_copies_of_the_weights_halve_the_time_of_a_product() -> None:
    once, twice = (
        float(ask(ISAAC.replace(replication=copies)).op_busy["compute"][2])
        for copies in (1, 2)
    )
    assert twice == pytest.approx(once / 2, rel=0.01)


# -- keys and values -------------------------------------------------------------------


# 32 keys of width 64, 2 heads, 2 layers: K^T is [64, 32], V [32, 64], of 8 cells each.
def test_attention_writes_every_key_and_value() -> None:
    found = ask(ISAAC)
    cells = 2 * 2 * 2 * (64 * 32) * 8
    joule = cells * TECHNOLOGY["cell.write_energy"]
    assert float(found.dynamic_energy["key_value_writes"]) == pytest.approx(joule)


def test_slow_writes_stall_attention_alone() -> None:
    slow = TECHNOLOGY.replace(values=TECHNOLOGY.values | {"cell.write_time": 8.52e-6})
    usual = ask(ISAAC)
    stalled = dse.evaluate(ISAAC, TINY, technology=slow)
    compute = np.asarray(stalled.op_busy["compute"] - usual.op_busy["compute"])
    grew = {
        name for name, more in zip(usual.op_names, compute, strict=True) if more > 0
    }
    assert grew == {"scores", "context"}
    # One row at a time, of 64 rows of keys and 32 of values, in both layers.
    scores = 2 * 64 * (8.52e-6 - TECHNOLOGY["cell.write_time"])
    assert compute[usual.op_names.index("scores")] == pytest.approx(scores, rel=1e-3)


# -- wear ------------------------------------------------------------------------------


def test_cells_last_as_many_writes_as_they_endure() -> None:
    found = ask(ISAAC)
    there = 8 * 96 * 128 * 128
    writes = 2 * 2 * 2 * (64 * 32) * 8 / there
    assert float(found.extras["key_value_writes_per_cell"]) == pytest.approx(writes)
    years = 1e8 / writes * float(found.latency) / crossbar_wear.YEAR
    assert float(found.extras["lifetime_years"]) == pytest.approx(years, rel=1e-4)


def test_a_machine_that_writes_nothing_lasts_for_ever() -> None:
    assert float(crossbar_wear.wear(ISAAC, TECHNOLOGY, 1.0, {})) == 0.0


def test_a_pair_leaves_attention_to_its_co_processor_and_writes_nothing() -> None:
    pair = dse.Pair(host=ISAAC, coprocessor=dse.SprintEngine.m_sprint())
    found = dse.evaluate(pair, TINY.with_attention(kept=0.25))
    assert "host.key_value_writes" not in found.dynamic_energy
    assert float(found.extras["host.lifetime_years"]) == np.inf


# -- gradients -------------------------------------------------------------------------


def test_energy_has_the_gradient_of_differences_by_converter_bits() -> None:
    with jax.enable_x64(True):
        run = describe_run(TINY)
        op = product(128.0, 16.0, 32.0)

        def joule(bits: jax.Array) -> jax.Array:
            design = ISAAC.replace(adc_bits=bits)
            placed = arrays.place(design, op)
            found = arrays.vectors_energy(design, TECHNOLOGY, op, placed, 32.0)
            return jnp.log(sum(found.values()))

        bits = jnp.asarray(6.7)
        slope = jax.jit(jax.grad(joule))(bits)
        at = jax.jit(joule)
        difference = (at(bits + 1e-6) - at(bits - 1e-6)) / 2e-6
        share = crossbar_memory.rewritten_share(ISAAC, run)
    assert float(slope) > 0.05
    assert float(slope) == pytest.approx(float(difference), rel=1e-5)
    assert float(share) == 0.0
