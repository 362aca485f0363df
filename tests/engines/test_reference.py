"""Reference machines: a roofline by hand, and what every op costs before it works."""

from __future__ import annotations

from pathlib import Path

import pytest

import dse
from dse.engines.registry import find_preset
from dse.evidence.reference_calibration import (
    BATCHES,
    Calibration,
    calibration_toml,
    fit,
)
from dse.evidence.reference_waits import waits
from dse.workload.formats import read_words
from dse.workload.layers import Op, activation, chain, layer_norm, linear
from dse.workload.ops import Block

BERT = dse.transformer("bert-tiny", seq_len=128)
PLAIN = dse.ReferenceMachine(
    peak_tops=1.0,
    efficiency=0.5,
    cores=1.0,
    tile=1.0,
    memory_bandwidth_gb_per_s=100.0,
    read_efficiency=1.0,
    copy_efficiency=1.0,
    cache_mib=1e-3,
    word_bits=32.0,
    overhead_us=0.0,
    softmax_overhead=1.0,
    norm_overhead=1.0,
    activation_overhead=1.0,
)
# Four cores, 0.125e12 operations a second each, on pieces of 8 x 8.
IN_PIECES = PLAIN.replace(cores=4.0, tile=8.0)


def alone(*ops: Op, batch: float = 1.0) -> dse.Workload:
    """Return a workload of some ops and nothing else."""
    block = Block(ops=chain(ops), repeats=1)
    return dse.Workload(name="alone", blocks=(block,), batch=batch, seq_len=1)


def seconds(machine: dse.ReferenceMachine, *ops: Op) -> float:
    return float(dse.evaluate(machine, alone(*ops)).latency)


def test_an_op_takes_its_overhead_and_the_longer_of_arithmetic_and_memory() -> None:
    product = linear("product", 100, 200, 300, reads=(0,))
    operations, words = 2 * 100 * 200 * 300, 100 * 200 + 200 * 300 + 100 * 300
    roomy = PLAIN.replace(overhead_us=3.0, cache_mib=1.0)
    for bandwidth, works in ((1e9, operations / 5e11), (1.0, words * 4 / 1e9)):
        machine = roomy.replace(memory_bandwidth_gb_per_s=bandwidth)
        assert seconds(machine, product) == pytest.approx(3e-6 + works, rel=1e-6)


def test_a_product_is_done_in_waves_of_pieces() -> None:
    """By hand: 20 x 17 in 8 x 8 is 9 pieces, 3 waves; in 4 x 4, 25 pieces, 7 waves."""
    whole = 3 * 2 * 8 * 8 * 100 / 0.125e12
    half = 7 * 2 * 4 * 4 * 100 / 0.125e12
    found = IN_PIECES.multiply(1.0, 20.0, 100.0, 17.0)
    assert float(found) == pytest.approx(min(whole, half))
    assert float(found) > 2 * 20 * 17 * 100 / 0.5e12


def test_attention_shares_long_sums_among_cores() -> None:
    """One row of 8 values over 800 summands: one piece, or 100, on four cores."""
    serial = IN_PIECES.multiply(1.0, 1.0, 800.0, 4.0)
    shared = IN_PIECES.multiply(1.0, 1.0, 800.0, 4.0, splits=True)
    assert float(serial) == pytest.approx(2 * 4 * 4 * 800 / 0.125e12)
    assert float(shared) == pytest.approx(float(serial) / 4)
    roomy = IN_PIECES.replace(memory_bandwidth_gb_per_s=1e9, cache_mib=1.0)
    context = Op("context", "matmul", (0, 0), 1, 4, 800)
    assert seconds(roomy, context) == pytest.approx(float(shared), rel=1e-4)


def test_a_batch_in_one_is_no_slower_than_its_parts() -> None:
    for rows in range(1, 40):
        one, two = (
            float(IN_PIECES.multiply(1.0, n * rows, 64.0, 24.0)) for n in (1.0, 2.0)
        )
        assert one <= two <= 2 * one


def test_softmax_norm_and_gelu_have_overheads_of_their_own() -> None:
    """And a softmax reads its input twice."""
    machine = PLAIN.replace(
        overhead_us=2.0,
        softmax_overhead=0.5,
        norm_overhead=3.0,
        activation_overhead=4.0,
        copy_efficiency=0.5,
    )
    values = 4096 * 4096
    passes = values * 4 / (0.5 * 100e9)
    for op, overhead, times in (
        (Op("softmax", "softmax", (0,), 4096, 4096), 1e-6, 3),
        (layer_norm("norm", 4096, 4096, reads=(0,)), 6e-6, 2),
        (activation("gelu", 4096, 4096, reads=(0,)), 8e-6, 2),
    ):
        expected = overhead + times * passes
        assert seconds(machine, op) == pytest.approx(expected, rel=1e-6), op.name


def test_a_model_takes_its_operations_when_nothing_else_holds_it_up() -> None:
    wide = PLAIN.replace(memory_bandwidth_gb_per_s=1e9)
    found = float(dse.evaluate(wide, BERT).latency)
    products = 2.0 * BERT.macs / 5e11
    assert products < found < 1.2 * products  # softmax, norms and GELU come on top


def test_overhead_is_paid_once_an_op() -> None:
    ops = sum(len(block.ops) * block.repeats for block in BERT.blocks)
    more = dse.evaluate(PLAIN.replace(overhead_us=100.0), BERT).latency
    less = dse.evaluate(PLAIN, BERT).latency
    assert float(more - less) == pytest.approx(ops * 100e-6, rel=1e-3)


def test_activations_that_fit_the_cache_never_touch_memory() -> None:
    slow = PLAIN.replace(memory_bandwidth_gb_per_s=1e-3, cache_mib=1e3)
    found = dse.evaluate(slow, BERT.attention_only())
    # 2 layers: queries, keys and values come in, contexts leave, 128 x 128 words each
    layers, words = 2, 128 * 128
    assert float(found.off_chip_bytes["input"]) == layers * 3 * words * 4
    assert float(found.off_chip_bytes["output"]) == layers * words * 4
    bits = sum(map(float, found.off_chip_bytes.values()))
    assert bits == layers * 4 * words * 4
    assert float(found.latency) == pytest.approx(bits / 1e6, rel=1e-3)


def test_it_skips_nothing() -> None:
    sparse = BERT.with_density(activation=0.1, weight=0.1)
    assert float(dse.evaluate(PLAIN, sparse).latency) == float(
        dse.evaluate(PLAIN, BERT).latency
    )


def test_a_large_machine_waits_for_overhead_on_a_small_model() -> None:
    large, small = dse.ReferenceMachine.a100(), dse.ReferenceMachine.raspberry_pi_4()
    found = waits(large, BERT)
    assert found["bound"] == "overhead"
    assert found["overhead"] > 0.9
    assert waits(small, dse.transformer("bert-base"))["bound"] == "arithmetic"
    shares = sum(found[cause] for cause in ("overhead", "arithmetic", "memory"))
    assert shares == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("preset", dse.ReferenceMachine.presets)
def test_every_preset_has_all_its_numbers_from_its_file(preset: str) -> None:
    machine = find_preset("reference", preset)
    told = {key.partition(".")[2] for key in machine.default_technology().values}
    assert set(type(machine).quantities()) - told == {"clock_mhz"}
    assert float(dse.evaluate(machine, BERT).throughput) > 0


def test_a_fit_recovers_a_machine_from_its_own_times(tmp_path: Path) -> None:
    wide = PLAIN.replace(memory_bandwidth_gb_per_s=1e9, overhead_us=7.0)
    seconds = {
        batch: float(dse.evaluate(wide, BERT.replace(batch=float(batch))).latency)
        for batch in BATCHES
    }
    start = wide.replace(efficiency=1.0, overhead_us=0.0)
    found = fit(start, "bert-tiny", 128, seconds)
    assert float(found.efficiency) == pytest.approx(0.5, rel=1e-3)
    assert float(found.overhead_us) == pytest.approx(7.0, rel=1e-2)

    text = calibration_toml(Calibration(found, "bert-tiny", 128, seconds, seconds))
    file = tmp_path / "here.toml"
    file.write_text(text)
    read = find_preset("reference", str(file))
    assert read.replace(file=found.file) == found


def test_a_file_without_a_machine_is_refused() -> None:
    with pytest.raises(dse.InputError, match="describes no machine `nobody`"):
        dse.ReferenceMachine.described("nobody")


def test_a_machine_that_works_draws_no_less_than_one_that_waits() -> None:
    machine = dse.ReferenceMachine.a100().replace(full_power_w=40.0, idle_power_w=60.0)
    found = dse.evaluate(machine, BERT)
    assert min(map(float, found.energy_by_component.values())) >= 0.0
    assert float(found.power) == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("asked", "of_weights", "of_cache"),
    [("w16a8 kv8", 1.0, 2.0), ("w8a8 kv16", 2.0, 1.0), ("w8a8 kv8", 2.0, 2.0)],
)
def test_the_longer_operand_of_a_product_says_how_multipliers_split(
    asked: str, of_weights: float, of_cache: float
) -> None:
    halves = PLAIN.replace(word_bits=16.0, narrow_integer_bits=8.0)
    words = read_words(asked)
    for by_weights, rate in ((True, of_weights), (False, of_cache)):
        split = halves.split(words, by_weights=by_weights)
        assert float(split.peak_tops) == rate * PLAIN.peak_tops
