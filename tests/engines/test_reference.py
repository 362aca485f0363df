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

BERT = dse.transformer("bert-tiny", seq_len=128)
PLAIN = dse.ReferenceMachine(
    peak_tops=1.0,
    efficiency=0.5,
    memory_bandwidth_gb_per_s=100.0,
    cache_mib=1e-3,
    word_bits=32.0,
    overhead_us=0.0,
)


def test_an_op_takes_its_overhead_and_the_longer_of_arithmetic_and_memory() -> None:
    # 5e11 operations a second, and 8e11 bits.
    taken = PLAIN.replace(overhead_us=3.0).times(1e6, 8e5)
    assert taken.overhead == pytest.approx(3e-6)
    assert taken.arithmetic == pytest.approx(2e-6)
    assert taken.memory == pytest.approx(1e-6)


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
