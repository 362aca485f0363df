"""NeuRRAM's chip by bits in and out against the crossbar engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dse
from dse.engines.crossbar.array import input_seconds
from dse.engines.crossbar.slices import bits_together, slices_of
from dse.evidence.silicon_neurram import by_bits, figures, validate

CHIP = dse.CrossbarEngine.neurram()
TECHNOLOGY = CHIP.default_technology()
SHARES = ("wordline_fj_per_mac", "neuron_fj_per_mac", "input_pulse_fj_per_mac")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return validate(progress=False)


@pytest.mark.parametrize("name", ["chip_tops", "tops_per_w", *SHARES])
def test_the_chip_is_met_with_two_fitted_numbers(
    found: dict[str, Any], name: str
) -> None:
    errors = found["quantities"][name]
    fitted = {"chip_tops": 2, "input_pulse_fj_per_mac": 1}.get(name, 0)
    assert errors["rows"] == (8 if name in SHARES else 14) - fitted
    assert errors["median"] < 0.05
    assert errors["worst"] < 0.2


# Bits of magnitude 1, 1, 2, 3; then halves 2 + 2, 3 + 2, 3 + 3, 4 + 3. A part of n bits
# takes 2^n - 1 integrations; the second is converted to as many bits less as the first
# has, and each conversion compares once more.
@pytest.mark.parametrize(
    ("outputs", "inputs", "one_phase", "integrations", "bits"),
    [
        *((3, 1, True, 1, [3]), (4, 2, True, 1, [4]), (5, 3, True, 3, [5])),
        *((6, 4, False, 7, [6]), (7, 5, True, 15, [7]), (8, 6, True, 31, [8])),
        *((7, 5, False, 3 + 3, [7, 5]), (8, 6, False, 7 + 3, [8, 5])),
        *((9, 7, False, 7 + 7, [9, 6]), (10, 8, False, 15 + 7, [10, 6])),
    ],
)
def test_cycles_of_a_product_are_counted_by_hand(
    outputs: int, inputs: int, one_phase: bool, integrations: int, bits: list[int]
) -> None:
    chip = by_bits(outputs, inputs, one_phase=one_phase)
    slices = slices_of(chip)
    assert float(slices.fed) == max(inputs - 1, 1)
    assert float(slices.integrations) == integrations
    assert float(slices.conversions * slices.bits) == sum(bits)
    cycles = integrations + sum(bits) + len(bits)
    assert float(input_seconds(chip, TECHNOLOGY)) == pytest.approx(
        cycles * 0.30205e-6, rel=1e-5
    )


def test_slices_of_two_bits_are_worth_powers_of_four() -> None:
    """5 bits and a sign by 2: 3 slices, 2 of them together: 1 + 4, then 1."""
    wide = CHIP.replace(
        activation_bits=6, dac_bits=2, slices_per_conversion=2, adc_bits=8
    )
    slices = slices_of(wide)
    assert [float(n) for n in slices[:3]] == [3.0, 2.0, 6.0]
    assert float(slices.bits) == 8 - 0.5 * 4
    assert float(bits_together(wide)) == 4.0


# 4 bits one by one, 2 together: of the first part 2 bits are converted, of the second
# those that count less, of which there are none. 1 bit each is the least.
@pytest.mark.parametrize(("adc_bits", "mean"), [(4, 3.0), (3, 2.0), (2, 1.0), (1, 1.0)])
def test_the_least_that_is_converted_is_a_bit(adc_bits: int, mean: float) -> None:
    chip = CHIP.replace(
        activation_bits=5, slices_per_conversion=2, adc_bits=adc_bits, dac_bits=1
    )
    slices = slices_of(chip)
    assert [float(n) for n in slices[:2]] == [4.0, 2.0]
    assert float(slices.bits) == mean


# Source: wan2022neurram: 48 cores of 256 x 256 cells; inputs of 4 bits, one of them the
# sign, in one phase of 1 + 2 + 4 integrations; outputs of 6 bits.
def test_the_chip_takes_4_bits_in_and_gives_6_bits_out() -> None:
    assert float(CHIP.arrays) == 48.0
    assert [float(n) for n in slices_of(CHIP)] == [3.0, 1.0, 7.0, 6.0]
    assert CHIP.weight_bits == CHIP.activation_bits == 4.0


def test_without_integrators_every_slice_is_converted_whole() -> None:
    isaac = dse.CrossbarEngine.isaac()
    assert [float(n) for n in slices_of(isaac)] == [16.0, 16.0, 0.0, 8.0]
    assert float(bits_together(isaac)) == 1.0


def test_energy_of_a_chip_of_half_the_rows_is_that_of_its_parts() -> None:
    """Neurons are shared by half as many operations, word lines by as many."""
    whole, half = (
        figures(CHIP.replace(array_rows=rows, active_rows=rows)) for rows in (256, 128)
    )
    assert half["neuron_fj_per_mac"] == pytest.approx(2 * whole["neuron_fj_per_mac"])
    for name in ("wordline_fj_per_mac", "input_pulse_fj_per_mac"):
        assert half[name] == pytest.approx(whole[name])
    assert half["chip_tops"] == pytest.approx(whole["chip_tops"] / 2)


def test_shares_are_all_the_energy_there_is() -> None:
    parts = figures(CHIP)
    total = sum(parts[name] for name in SHARES)
    assert 1e3 / total == pytest.approx(parts["tops_per_w"])


def test_what_was_fitted_is_met_by_its_row(found: dict[str, Any]) -> None:
    (row,) = (r for r in found["runs"] if r["place"].endswith("line 11"))
    for name in ("chip_tops", "input_pulse_fj_per_mac"):
        assert row["found"][name] == pytest.approx(row["claimed"][name], rel=1e-4)


HEADER = f"output_bits,input_bits,one_phase,chip_tops,tops_per_w,{','.join(SHARES)}"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0,4,1,1,1,,,", "`output_bits` is 0; write a whole number"),
        ("6,2.5,1,1,1,,,", "`input_bits` is 2.5; write a whole number"),
        ("6,4,2,1,1,,,", "`one_phase` is 2; write 1 or 0"),
        ("6,4,1,0,1,,,", "`chip_tops` is 0; write one above 0"),
        ("6,4,1,fast,1,,,", "`chip_tops` is 'fast'; write a number"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    tmp_path: Path, row: str, message: str
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(f"{HEADER}\n{row}\n")
    with pytest.raises(dse.InputError, match=message) as told:
        validate(table, progress=False)
    assert "mine.csv, line 2" in str(told.value)
    table.write_text(f"{HEADER.replace('chip_tops', 'tops')}\n6,4,1,1,1,,,\n")
    with pytest.raises(dse.InputError, match="no column `chip_tops`"):
        validate(table, progress=False)


def test_more_rows_and_bits_never_make_a_product_cheaper() -> None:
    times = [
        [
            float(input_seconds(by_bits(outputs, inputs, one_phase=False), TECHNOLOGY))
            for inputs in range(1, 9)
        ]
        for outputs in (8, 10, 12)
    ]
    assert np.all(np.diff(times, axis=0) > 0.0)
    assert np.all(np.diff(times, axis=1) >= 0.0)
