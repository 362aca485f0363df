"""SPRINT on one head, worked out by hand: 256 tokens, half of them padding.

S-SPRINT: one CORELET of 64 multipliers a unit, 16 KiB, which hold 128 keys of 64 bytes
and as many values; 128 GB/s at 1 GHz are 1024 bits a cycle. One key in four is kept.
"""

from __future__ import annotations

import pytest

import dse
from dse.engines.base import Engine
from dse.workload.layers import Op, chain
from dse.workload.ops import Block

HERTZ = 1e9


def head(queries: int, keys: int, *, padded: float = 0.0) -> dse.Workload:
    ops = [
        Op("scores", "matmul", (0, 0), queries, keys, 64),
        Op("softmax", "softmax", (1,), queries, keys),
        Op("context", "matmul", (1, 0), queries, 64, keys),
    ]
    dense = dse.Workload(
        name="head",
        blocks=(Block(ops=chain(ops), repeats=1),),
        seq_len=keys,
        padded_fraction=padded,
    )
    return dense.with_attention(kept=0.25)


def bits(found: dse.Metrics, what: str) -> float:
    return float(found.extras[f"main_memory_{what}_mbit"]) * 1e6


@pytest.fixture(scope="module")
def pruned() -> dse.Metrics:
    return dse.evaluate(
        dse.SprintEngine.s_sprint(), head(256, 256, padded=0.5), technology="sprint"
    )


def test_all_kept_keys_are_on_chip_where_the_buffer_holds_the_sequence(
    pruned: dse.Metrics,
) -> None:
    # 128 real tokens fit. Each query, key and value comes once, 512 bits each, and a
    # vector of 128 bits for each of the 128 queries: 3 * 128 * 512 + 128^2.
    assert bits(pruned, "read") == pytest.approx(212_992, rel=1e-5)
    assert bits(pruned, "written") == pytest.approx(196_608, rel=1e-5)


def test_a_query_takes_as_many_cycles_as_it_keeps_keys(pruned: dse.Metrics) -> None:
    # 128 queries of 32 keys; before them 196,608 bits are written, 192 cycles, and one
    # vector is found: 64 * 4 bits in 1/4 cycle, 8 to settle, 128 bits out in 1/8.
    cycles = 128 * 32 + 192 + 0.25 + 8 + 0.125
    assert float(pruned.latency) * HERTZ == pytest.approx(cycles, rel=1e-5)


def test_energy_is_that_of_bits_moved_and_pairs_kept(pruned: dse.Metrics) -> None:
    picojoule = {
        "main_memory_read": 212_992 * 3.1,
        "main_memory_write": 196_608 * 24.4,
        "buffer_write": 212_992 * 0.52,
        "buffer_read": 4096 * 2 * 512 * 0.52,  # 128 * 32 pairs, key and value
        "qk_units": 4096 * 64 * 3.0,
        "v_units": 4096 * 64 * 3.0,
        "softmax": 4096 * 100.0,
        "in_memory_pruning": 128 * 128 * (64 * 0.10 + 0.0417),
    }
    found = {part: float(j) * 1e12 for part, j in pruned.dynamic_energy.items()}
    assert found == pytest.approx(picojoule, rel=1e-5)


# 2^33 bits that survive 1e8 writes each, of which levelling reaches a half; 196,608 are
# written in each 4296.375 ns.
def test_its_cells_last_108_days_of_nothing_but_such_heads(pruned: dse.Metrics) -> None:
    seconds = 0.5 * 1e8 * 2**33 / 196_608 * 4296.375e-9
    years = float(pruned.extras["lifetime_years"])
    assert years == pytest.approx(seconds / (365.25 * 86_400), rel=1e-5)
    technology = dse.SprintEngine.s_sprint().default_technology()
    assert dse.SprintEngine.s_sprint().memory_capacity(technology) == 2**33 / 8
    eight = dse.evaluate(
        dse.SprintEngine.s_sprint().replace(memory_gib=8),
        head(256, 256, padded=0.5),
        technology="sprint",
    )
    assert float(eight.extras["lifetime_years"]) == pytest.approx(8 * years, rel=1e-5)


def test_the_baseline_reads_again_what_does_not_fit_for_every_query() -> None:
    # 256 keys, 128 of them held: the first query reads all, 255 more read 128 each.
    found = dse.evaluate(
        dse.SprintEngine.s_baseline(), head(256, 256, padded=0.5), technology="sprint"
    )
    keys = 256 + 255 * 128
    assert bits(found, "read") == pytest.approx(512 * (256 + 2 * keys), rel=1e-5)
    # 256 queries of 256 keys, after 3 * 256 * 512 bits were written.
    assert float(found.dynamic_energy["in_memory_pruning"]) == 0.0
    cycles = 256 * 256 + 3 * 256 * 512 / 1024
    assert float(found.latency) * HERTZ == pytest.approx(cycles, rel=1e-5)


def test_a_query_under_a_causal_mask_misses_what_it_sees_and_is_not_held() -> None:
    # Query t sees t keys, one of them new; of the others all but 128 are not held.
    machine = dse.SprintEngine.s_sprint().replace(pruning="none")
    run = head(256, 256).replace(causal=True)
    found = dse.evaluate(machine, run, technology="sprint")
    keys = sum(1 + (t - 1) * max(0.0, 1 - 128 / t) for t in range(1, 257))
    assert bits(found, "read") == pytest.approx(512 * (256 + 2 * keys), rel=5e-3)


def test_pruning_on_chip_scores_every_key_and_reads_only_the_values_it_keeps() -> None:
    # Keys as the baseline; of 128 * 32 kept values 128 are used first, and half of all
    # others are not held.
    found = dse.evaluate(
        dse.SprintEngine.s_pruning(), head(256, 256, padded=0.5), technology="sprint"
    )
    keys, values = 256 + 255 * 128, 128 + (128 * 32 - 128) // 2
    assert bits(found, "read") == pytest.approx(512 * (256 + keys + values), rel=1e-5)
    macs = {
        unit: float(found.dynamic_energy[unit]) / 3e-12 for unit in found.dynamic_energy
    }
    assert macs["qk_units"] == pytest.approx(64 * 256 * 256, rel=1e-5)
    assert macs["v_units"] == pytest.approx(64 * 128 * 32, rel=1e-5)


def test_a_step_of_decoding_writes_one_token_and_reads_what_it_keeps() -> None:
    # One query against 256 keys, none of them left on chip by an earlier query: 64 keys
    # and values, the query, and 256 bits of vector. 64 cycles, after 8.5 for the vector
    # and 1.5 for 3 * 512 bits written; reads hide behind none of the first query...
    found = dse.evaluate(dse.SprintEngine.s_sprint(), head(1, 256), technology="sprint")
    assert bits(found, "read") == pytest.approx(512 * (1 + 2 * 64) + 256, rel=1e-5)
    assert bits(found, "written") == pytest.approx(3 * 512, rel=1e-5)
    # ...so that the bus, 67,840 bits or 66.25 cycles, is not what the step waits for.
    cycles = 64 + 0.25 + 8 + 0.25 + 1.5
    assert float(found.latency) * HERTZ == pytest.approx(cycles, rel=1e-5)


def test_an_area_of_s_sprint_is_the_published_one_and_m_sprint_is_two() -> None:
    areas = [
        float(dse.evaluate(machine, head(8, 8), technology="sprint").area) * 1e6
        for machine in (dse.SprintEngine.s_sprint(), dse.SprintEngine.m_sprint())
    ]
    assert areas == pytest.approx([0.944, 1.888], rel=1e-5)


@pytest.mark.parametrize("paired", [False, True])
def test_what_is_pruned_in_memory_does_not_heat_the_chip(paired: bool) -> None:
    machine: Engine = dse.SprintEngine.m_sprint()
    work = dse.transformer("bert-tiny", seq_len=128)
    if paired:
        machine = dse.Pair(host=dse.TileEngine.edge(), coprocessor=machine)
    else:
        work = work.attention_only()
    found = dse.evaluate(machine, work.with_attention(kept=0.25))
    elsewhere = ("main_memory", "main_memory_read", "main_memory_write")
    on_chip = sum(
        float(joule)
        for name, joule in found.energy_by_component.items()
        if name.split(".")[-1] not in (*elsewhere, "in_memory_pruning")
    )
    heat = on_chip * float(found.throughput) / float(found.area)
    assert float(found.power_density) == pytest.approx(heat, rel=1e-9)
