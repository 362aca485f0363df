"""NeuRRAM's chip as it was measured, by bits in and out: `dse validate neurram`.

One row is the whole chip at full arrays: rate, efficiency and, where they were told,
three shares of energy. Inputs are converted at once (`one_phase`), or in two halves
where they have more than 3 bits besides the sign. Operations are counted as the paper
does, two for a multiplication and an addition, in all columns of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dse.csv_file import number_in, read_rows
from dse.engines.crossbar.array import array_rate
from dse.engines.crossbar.engine import CrossbarEngine
from dse.engines.crossbar.slices import slices_of
from dse.errors import InputError
from dse.evidence.crossbars import MANY, full_arrays, product_cost
from dse.evidence.run_errors import compare_rows
from dse.shipped import hw_params_folder

_AT_ONCE = 3  # bits besides the sign, of which two phases make one
# Columns of the shares, and the components that they hold.
_SHARES = {
    "wordline_fj_per_mac": ("dac",),
    "neuron_fj_per_mac": ("adc", "shift_add"),
    "input_pulse_fj_per_mac": ("cells",),
}


def validate(data: Path | None = None, *, progress: bool = True) -> dict[str, Any]:
    """Compare a table of the chip by bits with its preset.

    Returns `quantities` over figures that nothing was fitted to and one record per row.
    Raises `InputError` for a file, column or value that cannot be read.
    """
    path = data or hw_params_folder() / "reported" / "silicon_neurram.csv"
    rows = read_rows(path, "a CSV with one row by bits in and out")
    return compare_rows(rows, _compare)


def by_bits(output_bits: int, input_bits: int, *, one_phase: bool) -> CrossbarEngine:
    """Return the chip as it converts inputs of some bits to outputs of some bits."""
    chip = CrossbarEngine.neurram().replace(
        activation_bits=input_bits, adc_bits=output_bits, slices_per_conversion=16
    )
    fed = int(slices_of(chip).fed)
    if one_phase or fed <= _AT_ONCE:
        return chip
    return chip.replace(slices_per_conversion=(fed + 1) // 2)


def figures(chip: CrossbarEngine) -> dict[str, float]:
    """Return rate, efficiency and shares of energy of full arrays, by column."""
    technology = chip.published_technology()
    op = full_arrays(chip, across=1.0, down=1.0, vectors=MANY)
    _, energy = product_cost(chip, technology, op)
    operations = 2.0 * float(op.inner * op.columns)
    return {
        "chip_tops": float(array_rate(chip, technology)) / 1e12,
        "tops_per_w": operations / sum(energy.values()) / 1e12,
    } | {
        name: sum(energy[part] for part in parts) / operations * 1e15
        for name, parts in _SHARES.items()
    }


def _compare(place: str, row: Mapping[str, str]) -> dict[str, Any]:
    outputs, inputs = (_bits(place, row, f"{way}_bits") for way in ("output", "input"))
    one_phase = number_in(place, "one_phase", row.get("one_phase"))
    if one_phase not in (0.0, 1.0):
        raise InputError(f"{place}: `one_phase` is {one_phase:g}; write 1 or 0.")
    found = figures(by_bits(outputs, inputs, one_phase=bool(one_phase)))
    for name in found:
        if name not in row:
            raise InputError(f"{place}: there is no column `{name}`; add it.")
    claimed = {
        name: number_in(place, name, row[name]) for name in found if row[name].strip()
    }
    for name, value in claimed.items():
        if value <= 0.0:
            raise InputError(f"{place}: `{name}` is {value:g}; write one above 0.")
    fitted = (row.get("fitted") or "").split()
    return {
        "place": place,
        "claimed": claimed,
        "found": {name: found[name] for name in claimed},
        "errors": {
            name: found[name] / value - 1.0
            for name, value in claimed.items()
            if name not in fitted
        },
    }


def _bits(place: str, row: Mapping[str, str], name: str) -> int:
    bits = number_in(place, name, row.get(name))
    if not (bits.is_integer() and 1 <= bits <= 14):
        raise InputError(f"{place}: `{name}` is {bits:g}; write a whole number to 14.")
    return int(bits)
