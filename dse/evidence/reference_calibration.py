"""The machine at hand as a calibrated reference machine.

Peak and bandwidth are measured by a large product and a large sum. The overhead of an
op and the efficiency of the products of a BERT are fitted to the times of a small and
a large batch; a batch between them, which nothing was fitted to, says how far off the
calibrated machine is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dse.engines.reference import ReferenceMachine
from dse.errors import InputError
from dse.explore.evaluate import evaluate
from dse.explore.progress import progress_bar
from dse.toml_text import toml_text
from dse.workload.transformer import transformer
from dse.workload.zoo import zoo

SOURCE = "dse2026measured"
BATCHES = (1, 8, 32)  # fitted, held out, fitted
_WORD_BITS = 32.0
_MEASURED = {
    "peak_tops": ("TOP/s", "a product of 2048 x 2048 by itself, float32"),
    "memory_bandwidth_gb_per_s": ("GB/s", "a sum over 128 MiB"),
    "efficiency": ("1", "a dense BERT, batches of 1 and 32"),
    "overhead_us": ("us", "a dense BERT, batches of 1 and 32"),
}


@dataclass(frozen=True)
class Calibration:
    """A reference machine, and how well it predicts what it was not fitted to."""

    machine: ReferenceMachine
    model: str
    seq_len: int
    seconds: dict[int, float]  # measured, by batch
    predicted: dict[int, float]

    @property
    def error(self) -> float:
        """Error of the batch held out, as a share of the measured time."""
        held_out = BATCHES[1]
        return self.predicted[held_out] / self.seconds[held_out] - 1.0


def calibrate(
    model: str,
    *,
    seq_len: int,
    full_power_w: float,
    idle_power_w: float,
    progress: bool = True,
) -> Calibration:
    """Time this machine and return it as a reference machine, float32 in JAX.

    Powers cannot be measured here and are the caller's. Raises `InputError` for a model
    that is no encoder.
    """
    from dse.measure.timing import copy_rate, product_rate, time_bert

    entry = zoo().get(model)
    shape = entry.sizes if entry else None
    if shape is None or shape.family != "encoder":
        raise InputError(f"`{model}` is no encoder known by name; name a BERT to time.")
    with progress_bar(progress, unit="run", total=2 + len(BATCHES)) as steps:
        rates = []
        for measure in (product_rate, copy_rate):
            rates.append(measure())
            steps.update()
        seconds = {}
        for batch in BATCHES:
            seconds[batch] = time_bert(shape, seq_len=seq_len, batch=batch)
            steps.update()
    start = ReferenceMachine(
        peak_tops=rates[0] / 1e12,
        efficiency=1.0,
        cores=1.0,
        tile=1.0,
        memory_bandwidth_gb_per_s=rates[1] / 1e9,
        read_efficiency=1.0,
        copy_efficiency=1.0,
        cache_mib=8.0,
        word_bits=_WORD_BITS,
        overhead_us=0.0,
        softmax_overhead=1.0,
        norm_overhead=1.0,
        activation_overhead=1.0,
        full_power_w=full_power_w,
        idle_power_w=idle_power_w,
        die_mm2=100.0,
    )
    machine = fit(start, model, seq_len, seconds)
    predicted = {batch: _seconds(machine, model, seq_len, batch) for batch in BATCHES}
    return Calibration(machine, model, seq_len, seconds, predicted)


def fit(
    start: ReferenceMachine, model: str, seq_len: int, seconds: dict[int, float]
) -> ReferenceMachine:
    """Return a machine that takes the measured times of the first and last batch.

        seconds = ops * overhead + seconds without overhead / efficiency

    Solved for both; an overhead below zero is none, an efficiency above one is one.
    """
    small, large = BATCHES[0], BATCHES[-1]
    bare = start.replace(overhead_us=0.0, efficiency=1.0)
    work = {b: _seconds(bare, model, seq_len, b) for b in (small, large)}
    slope = (seconds[large] - seconds[small]) / (work[large] - work[small])
    slope = max(slope, 1.0)
    ops = _ops(model, seq_len)
    overhead = max((seconds[small] - slope * work[small]) / ops, 0.0)
    return start.replace(efficiency=1.0 / slope, overhead_us=overhead * 1e6)


def _seconds(machine: ReferenceMachine, model: str, seq_len: int, batch: int) -> float:
    workload = transformer(model, seq_len=seq_len, batch=batch)
    return float(evaluate(machine, workload).latency)


def _ops(model: str, seq_len: int) -> float:
    blocks = transformer(model, seq_len=seq_len).blocks
    return float(np.sum([len(block.ops) * block.repeats for block in blocks]))


def calibration_toml(calibration: Calibration) -> str:
    """Return the file that `ReferenceMachine.from_file` reads."""
    head = (
        "# A reference machine, measured by `dse reference measure`: "
        f"{calibration.model}, {calibration.seq_len} tokens,\n# float32 in JAX. "
        f"A batch that nothing was fitted to is missed by {calibration.error:+.1%}.\n"
    )
    machine = {}
    for field, meaning in ReferenceMachine.quantities().items():
        value = float(getattr(calibration.machine, field))
        known: dict[str, Any] = {
            "status": "assumed",
            "why": "not measured; correct it where you know better",
            "low": value / 2.0,
            "high": value * 2.0,
        }
        if field in _MEASURED:
            known = {"status": "fitted", "fitted_to": _MEASURED[field][1]}
        source = {"source": SOURCE, "where": "the machine it was written on"}
        machine[field] = {"value": value, "unit": meaning.unit, **known, **source}
    return f"{head}\n{toml_text({'machine': machine})}"
