"""Precision: the law of noise against products sliced and converted exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dse
from dse.engines.base import describe_run
from dse.engines.crossbar import noise as crossbar_noise
from dse.errors import InputError

BITS = 8  # of inputs and weights
RMS = 0.125
ISAAC = dse.CrossbarEngine.isaac()


def small(rows: float) -> dse.CrossbarEngine:
    return dse.CrossbarEngine(
        array_rows=rows,
        active_rows=rows,
        weight_bits=BITS,
        activation_bits=BITS,
        column_flip="no",
    )


def technology(noise: float = 0.0, on_off: float = 1e9) -> dse.Technology:
    usual = ISAAC.default_technology()
    own = {
        "signal.input_rms": RMS,
        "signal.weight_rms": RMS,
        "cell.read_noise": noise,
        "cell.off_resistance": usual["cell.on_resistance"] * on_off,
    }
    return usual.replace(values=usual.values | own)


def simulated_decibels(rows: int, adc_bits: float, noise: float) -> float:
    """Multiply slice by slice, convert every column sum, and see what comes of it."""
    random = np.random.default_rng(0)
    trials, columns, half = 200, 16, 2 ** (BITS - 1)

    def draw(*shape: int) -> np.ndarray:
        normal = np.round(random.normal(half, RMS * 2**BITS, shape))
        return np.clip(normal, 0, 2**BITS - 1).astype(int)

    inputs, weights = draw(trials, rows), draw(rows, columns)
    step = max((3 * rows + 1) / 2**adc_bits, 1.0)
    result = np.zeros((trials, columns))
    for i in range(BITS):  # slices of one bit in, cells of two bits
        bit = (inputs >> i) & 1
        for j in range(0, BITS, 2):
            sums = bit @ ((weights >> j) & 3) * 1.0
            for row in range(rows if noise else 0):
                read = random.normal(0, 3 * noise, (trials, columns))
                sums += bit[:, row, None] * read
            result += 2.0 ** (i + j) * step * np.round(sums / step)
    error = result - inputs @ weights
    signal = (inputs - half) @ (weights - half)
    return float(10 * np.log10(np.mean(signal**2.0) / np.var(error)))


LOSSY = [(missing, noise) for missing in (0, 1, 2, 4) for noise in (0.0, 0.03, 0.1)]


@pytest.mark.parametrize(("missing", "noise"), LOSSY[1:])  # the first loses nothing
@pytest.mark.parametrize("rows", [32, 128])
def test_the_law_is_within_a_decibel_of_sliced_products(
    rows: int, missing: int, noise: float
) -> None:
    adc_bits = np.ceil(np.log2(3 * rows + 1)) - missing
    design = small(rows).replace(adc_bits=adc_bits)
    ratio = float(crossbar_noise.signal_to_noise(design, technology(noise)))
    assert 10 * np.log10(ratio) == pytest.approx(
        simulated_decibels(rows, adc_bits, noise), abs=1.0
    )


# 128 rows of 1-bit inputs and 2-bit cells: sums from 0 to 384, log2(385) = 8.589 bits.
def test_128_rows_need_9_bits_and_8_with_flipped_columns() -> None:
    plain = small(128)
    assert float(crossbar_noise.lossless_bits(plain, technology())) == pytest.approx(
        8.589, abs=1e-3
    )
    flipped = plain.replace(column_flip="yes")
    assert float(crossbar_noise.lossless_bits(flipped, technology())) == pytest.approx(
        np.log2(193), abs=1e-3
    )


def test_inputs_of_two_bits_make_sums_of_three_times_as_many_steps() -> None:
    two = small(128).replace(dac_bits=2)
    bits = float(crossbar_noise.lossless_bits(two, technology()))
    assert bits == pytest.approx(np.log2(128 * 3 * 3 + 1), rel=1e-6)


def test_a_converter_of_enough_bits_loses_nothing() -> None:
    found = crossbar_noise.signal_to_noise(small(128).replace(adc_bits=9), technology())
    assert float(found) == crossbar_noise.CLEAN


def test_an_evaluation_tells_the_ratio_in_decibels() -> None:
    coarse = ISAAC.replace(adc_bits=6)
    told = dse.evaluate(coarse, "bert-tiny").extras["signal_to_noise_db"]
    ratio = crossbar_noise.signal_to_noise(coarse, coarse.default_technology())
    assert float(told) == pytest.approx(10 * np.log10(float(ratio)), rel=1e-5)
    assert 0.0 < float(told) < 60.0


def test_cells_that_are_hard_to_turn_off_need_a_finer_converter() -> None:
    bits = [
        float(crossbar_noise.lossless_bits(small(128), technology(on_off=ratio)))
        for ratio in (1e6, 100.0, 10.0, 2.0)
    ]
    assert np.all(np.diff(bits) > 0)
    # An on/off ratio of 2 leaves half of the current: twice the sums, one more bit.
    assert bits[-1] - bits[0] == pytest.approx(1.0, abs=0.01)


def test_small_read_noise_is_rounded_away_and_large_is_not() -> None:
    design = small(32).replace(adc_bits=7)
    ratios = [
        float(crossbar_noise.signal_to_noise(design, technology(noise)))
        for noise in (0.001, 0.01, 0.03, 0.1)
    ]
    assert ratios[0] > 1e9
    assert np.all(np.diff(ratios) < 0)


def test_a_step_of_many_sums_rounds_no_noise_away() -> None:
    """4 bits for 128 rows of cells of 2 bits: (384 / 2 + 1) / 16 sums a step or more.

    Its error is that of a step, and the noise, deviation squared.
    """
    design, noisy = small(128).replace(adc_bits=4.0), technology(0.1)
    step = (float(crossbar_noise.largest_sum(design, noisy)) + 1.0) / 16.0
    assert step > 3.0
    noise = float(crossbar_noise.read_noise(design, noisy))
    error = float(crossbar_noise.column_error(design, noisy))
    assert error == pytest.approx((step**2 - step**-6) / 12 + noise**2, rel=1e-5)


def test_what_noise_costs_is_read_off_a_measured_curve_or_not_known() -> None:
    run = describe_run(dse.transformer("bert-tiny", seq_len=8))
    curve = ((0.0, 0.4), (10.0, 0.1), (20.0, 0.0))
    noisy = ISAAC.replace(adc_bits=6)
    used = ISAAC.default_technology()
    decibels = 10 * np.log10(float(crossbar_noise.signal_to_noise(noisy, used)))
    assert 0 < decibels < 10
    known = noisy.replace(
        accuracy_curve=curve, accuracy_subject=dse.Subject(model="a", task="b")
    )
    assert lost(known, run, used) == pytest.approx(0.4 - 0.03 * decibels, rel=1e-4)
    assert np.isnan(lost(noisy, run, used))
    assert lost(ISAAC, run, used) == 0.0
    with pytest.raises(InputError, match="does not say what it was measured on"):
        noisy.replace(accuracy_curve=curve)


def lost(machine: dse.CrossbarEngine, run: Any, used: dse.Technology) -> float:
    return sum(float(loss.drop) for loss in machine.losses(run, used))
