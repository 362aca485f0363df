"""The filter engine against small machines worked out by hand, and its laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dse
from dse.engines.base import Op, Run, describe_run
from dse.engines.filter.memory import buffer_reads, fetched_bits
from dse.engines.filter.work import Pairs, count_pairs, count_work, pace
from dse.sparsity.attention import AttentionPruning, Measured

SMALL = dse.FilterEngine(
    low_bit_multipliers=16,
    selector_lanes=4,
    high_bit_multipliers=8,
    exponent_lanes=4,
    divider_lanes=8,
    query_block=2,
)
BERT = dse.transformer("bert-base", seq_len=384).attention_only()
ENERGON = dse.FilterEngine.energon_edge()


def ideal() -> dse.Technology:
    """Energon's technology, its units never idle."""
    technology = ENERGON.default_technology()
    return technology.replace(values=technology.values | {"pipeline.utilization": 1.0})


def head(
    *, queries: float = 8.0, keys: float = 16.0, kept: float = 0.25, first: float = 0.5
) -> tuple[Op, Run]:
    """One head, 4 wide, of one sequence."""
    zero, one = np.float32(0.0), np.float32(1.0)
    op = Op(
        heads=one,
        rows=np.float32(queries),
        inner=np.float32(4.0),
        columns=np.float32(keys),
        input_density=one,
        weight_density=one,
        output_density=np.float32(kept),
        weights_before=zero,
        density_before=one,
        in_attention=one,
        last_share=zero,
    )
    run = describe_run(BERT).replace(attention=AttentionPruning(kept_first_round=first))
    return op, run


def pairs_of(design: dse.FilterEngine, **shape: Any) -> tuple[Op, Run, Pairs]:
    op, run = head(**shape)
    return op, run, count_pairs(design, op, run)


def traffic(design: dse.FilterEngine, **shape: Any) -> float:
    op, run, pairs = pairs_of(design, **shape)
    return float(sum(fetched_bits(design, op, run, pairs).values()))


def test_the_rounds_count_as_worked_out_by_hand() -> None:
    # 8 x 16 pairs, 4 wide: round one 128 * 4, round two half of that in 2 new bits.
    *_, pairs = pairs_of(SMALL)
    work = count_work(SMALL, pairs)
    assert float(work.low_bit_macs) == 512 + 256
    assert float(work.selections) == 128 + 64
    assert float(work.high_bit_macs) == 2 * 32 * 4
    assert (float(work.exponents), float(work.divisions)) == (32, 32)


def test_without_reuse_the_second_round_starts_over() -> None:
    design = SMALL.replace(result_reuse="no")
    *_, pairs = pairs_of(design)
    assert float(count_work(design, pairs).low_bit_macs) == 512 + 2 * 256


def test_the_slower_unit_sets_the_pace_and_the_other_adds_one_row() -> None:
    # Filter: max(768 / 16, 192 / 4) = 48. Attention: 256 / 8 + 32 / 4 + 32 / 8 = 44.
    op, run, pairs = pairs_of(SMALL)
    found = pace(SMALL, ideal(), op, run, count_work(SMALL, pairs))
    assert float(found.occupied) == pytest.approx(48)
    assert float(found.elapsed) == pytest.approx(48 + 44 / 8)


def test_units_are_balanced_at_one_plus_kept_over_twice_kept() -> None:
    # P_F / P_A = (1 + 1/4) / (2 * 1/8) = 5, with lanes that never hold anything up.
    lanes = dict.fromkeys(("selector_lanes", "exponent_lanes", "divider_lanes"), 1e9)
    design = SMALL.replace(low_bit_multipliers=5.0, high_bit_multipliers=1.0, **lanes)
    op, run, pairs = pairs_of(design, kept=1 / 8, first=1 / 4)
    found = pace(design, ideal(), op, run, count_work(design, pairs))
    one_row = float(found.elapsed - found.occupied)
    assert float(found.occupied) / 8 == pytest.approx(one_row, rel=1e-6)


def test_heads_run_in_waves() -> None:
    op, run, pairs = pairs_of(SMALL)
    work = count_work(SMALL, pairs)
    together = SMALL.replace(heads_in_parallel=2)
    three = op.replace(heads=np.float32(3.0))
    # Each of two heads has half of the units; a third one takes a wave of its own.
    found = pace(together, ideal(), three, run, work)
    assert float(found.occupied) == pytest.approx(2 * 2 * 48)


def test_a_decoded_token_fetches_what_it_keeps() -> None:
    # bytes = n d (2 + 2/4 + 12/8 + 16/8) / 8 = 0.75 n d, and Q and O of 4 values each:
    # 4 dense operations a pair and value over 0.75 bytes, 5.3 operations a byte.
    bits = traffic(SMALL, queries=1, keys=4096, kept=1 / 8, first=1 / 4)
    values = 4096 * 4
    assert bits == pytest.approx(values * 6 + 2 * 4 * 16, rel=1e-5)
    assert 4 * values / ((bits - 128) / 8) == pytest.approx(16 / 3, rel=1e-5)


def test_keys_that_fit_come_once_for_all_queries_together() -> None:
    # Union over 8 queries: 1 - 0.5^8 and 1 - 0.75^8 of the keys.
    once, last = 1 - 0.5**8, 1 - 0.75**8
    expected = 64 * (2 + 2 * once + 12 * last + 16 * last) + 2 * 8 * 4 * 16
    assert traffic(SMALL) == pytest.approx(expected, rel=1e-5)


def test_keys_that_do_not_fit_come_again_for_every_block_of_queries() -> None:
    # A buffer for half of the 16 * 4 * 2 bytes: half comes once, half four times, for
    # two queries each.
    half = SMALL.replace(key_buffer_kib=64 / 1024, value_buffer_kib=64 / 1024)

    def once(queries: int) -> float:
        first, last = 1 - 0.5**queries, 1 - 0.75**queries
        return 64 * (2 + 2 * first + 12 * last + 16 * last)

    expected = 0.5 * once(8) + 0.5 * 4 * once(2) + 2 * 8 * 4 * 16
    assert traffic(half) == pytest.approx(expected, rel=1e-5)


def test_on_demand_fetch_saves_much_in_decode_and_little_in_prefill() -> None:
    whole = ENERGON.replace(on_demand_fetch="no")
    shape = {"keys": 512.0, "kept": 1 / 8, "first": 1 / 4}
    decode = traffic(ENERGON, queries=1, **shape) / traffic(whole, queries=1, **shape)
    prefill = traffic(ENERGON, queries=512, **shape) / traffic(
        whole, queries=512, **shape
    )
    assert decode < 0.2
    assert prefill > 0.999


@pytest.mark.parametrize(("low_bit_multipliers", "together"), [(16, 4), (128, 8)])
def test_what_queries_score_side_by_side_is_read_from_a_buffer_once(
    low_bit_multipliers: int, together: int
) -> None:
    """8 queries of 16 keys, 4 wide; half of the pairs see a second round."""
    design = SMALL.replace(low_bit_multipliers=low_bit_multipliers)
    op, run, pairs = pairs_of(design)
    read = buffer_reads(design, op, run, pairs, count_work(design, pairs))
    rounds = (1.0 + 0.5) * (8 / together) * 16 * 4 * 2  # 2 bits of a value in each
    # High-bit multipliers take two queries at once: 4 passes, each of the keys that
    # either of the two keeps, in 16 bits.
    attended = 4 * (1.0 - 0.75**2) * 16 * 4 * 16
    assert float(read["key_buffer"]) == rounds + attended
    assert float(read["value_buffer"]) == attended
    assert float(read["query_buffer"]) == 8 * 4 * 16 * 2


def test_neighbours_that_agree_save_traffic() -> None:
    op, run, pairs = pairs_of(SMALL)
    alike = AttentionPruning(
        kept_first_round=0.5,
        measured_union=Measured(
            sizes=np.array([1.0, 8.0]), shares=np.array([0.25, 0.3])
        ),
    )
    apart = sum(fetched_bits(SMALL, op, run, pairs).values())
    agreed = sum(fetched_bits(SMALL, op, run.replace(attention=alike), pairs).values())
    assert float(agreed) < float(apart)


def test_a_mask_hides_what_is_later_and_padding_is_never_fetched() -> None:
    op, run = head(queries=16, keys=16)
    seen = count_pairs(SMALL, op, run.replace(causal=True))
    assert float(seen.pairs) == 16 * 17 / 2
    half = count_pairs(SMALL, op, run.replace(padded_fraction=0.5))
    assert (float(half.queries), float(half.keys)) == (8, 8)


def test_a_machine_without_rounds_keeps_all_pairs() -> None:
    design = SMALL.replace(rounds=0)
    *_, pairs = pairs_of(design)
    work = count_work(design, pairs)
    assert float(pairs.kept) == 1.0
    assert float(work.low_bit_macs) == float(work.selections) == 0.0


@settings(deadline=None, max_examples=25)
@given(
    kept=st.floats(0.02, 0.9),
    more=st.floats(1.0, 2.0),
    block=st.integers(1, 64),
    buffer=st.floats(0.1, 100.0),
)
def test_keeping_fewer_pairs_never_moves_more(
    kept: float, more: float, block: int, buffer: float
) -> None:
    design = SMALL.replace(
        query_block=float(block), key_buffer_kib=buffer, value_buffer_kib=buffer
    )
    shape = {"queries": 128.0, "keys": 128.0, "first": 1.0}
    few = traffic(design, kept=kept, **shape)
    many = traffic(design, kept=min(kept * more, 1.0), **shape)
    assert few <= many * (1 + 1e-5)
    larger = design.replace(key_buffer_kib=buffer * more)
    assert traffic(larger, kept=kept, **shape) <= few * (1 + 1e-5)


@pytest.mark.parametrize("preset", dse.FilterEngine.presets)
def test_every_preset_runs_attention_at_its_own_node(preset: str) -> None:
    machine = getattr(dse.FilterEngine, preset)()
    found = dse.evaluate(machine, BERT.with_attention(kept=0.25, kept_first_round=0.5))
    node = machine.default_technology()["process.node"] * 1e9
    assert node == pytest.approx(machine.node_nm)
    assert float(found.effective_rate) > 0
    assert float(found.area) > 0


def test_it_asks_for_a_host_where_there_is_more_than_attention() -> None:
    with pytest.raises(dse.InputError, match=r"pair it with a host"):
        dse.evaluate(ENERGON, dse.transformer("bert-tiny"))
    pair = dse.Pair(host=dse.TileEngine.edge(), coprocessor=ENERGON)
    whole = dse.transformer("bert-tiny", seq_len=64)
    alone = dse.evaluate(pair.host, whole)
    assert float(dse.evaluate(pair, whole).latency) > 0.5 * float(alone.latency)
