"""How many bits a crossbar's converters should have: the answer and its figure.

Machines hold BERT-Base in 8 bits, with converters as fine as rows and cells ask for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

import dse
from dse.engines.crossbar import noise as crossbar_noise

ROWS = (8, 16, 32, 64, 128, 256, 512)
CELL_BITS = (1, 2, 4)
NOISES = (0.0, 0.01, 0.03)  # of a cell's largest current
LAWS: dict[str, dict[str, Any]] = {
    "survey": {"adc_law": "murmann"},
    "survey, slow": {"adc_law": "murmann", "adc_rate_ghz": 0.1, "adcs_per_array": 12.8},
    "ZigZag-IMC": {"adc_law": "zigzag"},
    "NeuroSim": {"adc_law": "neurosim"},
}
ISAAC = dse.CrossbarEngine.isaac()
TOLD = ISAAC.published_technology()
BERT = dse.transformer("bert-base", seq_len=128)


def evaluate(law: str, cell_bits: int, rows: int) -> dict[str, Any]:
    """Return a machine for all weights, with lossless converters, and what it takes."""
    arrays = BERT.weights * (8 / cell_bits) / (128 * rows)
    design = ISAAC.replace(
        array_rows=rows,
        active_rows=rows,
        bits_per_cell=cell_bits,
        weight_bits=8,
        activation_bits=8,
        weight_tiles=np.ceil(arrays / 96),
        attention_tiles=np.ceil(8 * 128 / rows),
        **LAWS[law],
    )
    bits = np.ceil(crossbar_noise.lossless_bits(design, TOLD))
    with jax.enable_x64(True):
        found = dse.evaluate(design.replace(adc_bits=bits), BERT, technology=TOLD)
        return {
            "law": law,
            "bits_per_cell": cell_bits,
            "array_rows": rows,
            "adc_bits": int(bits),
            "energy_mj": float(found.energy) * 1e3,
            "latency_ms": float(found.latency) * 1e3,
            "area_mm2": float(found.area) * 1e6,
        }


def lossless_machines() -> pd.DataFrame:
    """Return all machines, a row each."""
    cases = [(law, c, r) for law in LAWS for c in CELL_BITS for r in ROWS]
    return pd.DataFrame([evaluate(*case) for case in cases])


def decibels(noise: float, cell_bits: int, bits: int) -> float:
    """Return the signal-to-noise ratio of ISAAC's array with such cells, converters."""
    used = TOLD.replace(values=TOLD.values | {"cell.read_noise": noise})
    design = ISAAC.replace(adc_bits=bits, bits_per_cell=cell_bits)
    return float(10 * np.log10(float(crossbar_noise.signal_to_noise(design, used))))


if __name__ == "__main__":
    from figure import draw

    machines = lossless_machines()
    best = machines.groupby(["law", "adc_bits"])["energy_mj"].idxmin()
    print(machines.loc[best].to_string(index=False))
    ratios = {n: {b: decibels(n, 2, b) for b in range(4, 10)} for n in NOISES}
    print(pd.DataFrame(ratios))
    draw(machines, ratios, Path(__file__).parent / "adc_bits.svg")
