"""What is published of STA and of 2:4 tensor cores, beside what the N:M engine says.

The throughput of each build is fitted by one number, the share of its peak that it
reaches, and so proves nothing; power and efficiency then follow from the assumed
energies and sizes, whose ranges give the intervals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from dse.csv_file import read_rows
from dse.engines.nm.builds import read_build
from dse.engines.nm.engine import NMEngine
from dse.evaluation import metrics
from dse.evidence.claims import Claim
from dse.evidence.intervals import intervals, nominal
from dse.explore.evaluate import evaluate
from dse.hardware.parameters import load_parameters
from dse.hardware.technology import Technology, load_technology
from dse.shipped import hw_params_folder
from dse.workload.transformer import transformer

BUILDS = ("sta_4", "sta_8")
RATIO_TOLERANCE = 0.10
# Both are read as whole numbers.
READING = {"throughput": 0.5 / 392, "efficiency": 0.5 / 33}


def validate(data: Path | None = None, *, progress: bool = True) -> list[Claim]:
    """Return the published figures, each with the model's answer and its interval."""
    reported = _reported()
    answers = nominal(build_answers, load_parameters("sta"))
    ranges = intervals(build_answers, load_parameters("sta"), count=500)
    claims = [
        Claim(
            name=_title(name),
            **reported[name],
            modelled=float(answers[name]),
            low=ranges[name].low,
            high=ranges[name].high,
            tolerance=READING[quantity],
            fitted=quantity == "throughput",
        )
        for quantity in READING
        for name in (f"{quantity}_{build}" for build in BUILDS)
    ]
    claims += [
        _ratio(quantity, reported, answers, fitted=quantity == "throughput")
        for quantity in READING
    ]
    gains = tensor_core_gains()
    claims += [
        Claim(
            name=_title(name),
            **reported[name],
            modelled=gains[name],
            tolerance=0.1 / 1.3 if name.endswith("end_to_end") else 0.0,
        )
        for name in ("tensor_core_peak", "tensor_core_end_to_end")
    ]
    return claims + [
        Claim(name=_title(name), **figure)
        for name, figure in reported.items()
        if figure["reason"]
    ]


def _reported() -> dict[str, dict[str, Any]]:
    """Return the published figures by name, as fields of a claim."""
    path = hw_params_folder() / "reported" / "sta_claims.csv"
    return {
        row["name"]: {k: v for k, v in row.items() if k != "name"}
        | {"claimed": float(row["claimed"])}
        for _, row in read_rows(path, "a CSV of claims")
    }


def build_answers(technology: Technology) -> dict[str, Any]:
    """Return GOP/s and GOP/J of both builds on BERT-Base, 128 tokens, batch 1.

    Operations are those of the dense model, two for each multiply-accumulate. The
    workload of the published rate is not known; this one is assumed.
    """
    workload = transformer("bert-base", seq_len=128)
    builds = [NMEngine(**read_build(build, technology)) for build in BUILDS]
    both = jax.tree.map(lambda *fields: jnp.stack(fields), *builds)
    found = jax.vmap(lambda build: metrics(build, workload, technology, "walk"))(both)
    rate = found.effective_rate / 1e9
    columns: dict[str, Any] = {"throughput": rate, "efficiency": rate / found.power}
    return {
        f"{quantity}_{build}": column[place]
        for quantity, column in columns.items()
        for place, build in enumerate(BUILDS)
    }


def tensor_core_gains() -> dict[str, float]:
    """Return what 2:4 gains over dense weights on an A100: in peak, and end to end.

    End to end: BERT-Base on 32 sequences of 384 tokens, whose scores and inner
    activations do not fit on the chip.
    """
    technology = load_technology("sta").at_node(7)
    workload = transformer("bert-base", seq_len=384, batch=32)
    sparse = NMEngine.sparse_tensor_core()
    dense = sparse.replace(kept=sparse.group)
    fast, slow = (
        evaluate(design, workload, technology=technology) for design in (sparse, dense)
    )
    return {
        "tensor_core_peak": float(fast.peak_rate / slow.peak_rate),
        "tensor_core_end_to_end": float(slow.latency / fast.latency),
    }


def _title(name: str) -> str:
    """Return `throughput_sta_4` as people write it: throughput of STA-4."""
    return name.replace("_sta_", " of STA-").replace("_", " ")


def _ratio(
    quantity: str, reported: Any, answers: dict[str, Any], *, fitted: bool
) -> Claim:
    """Return the claim of STA-8 over STA-4 in a quantity."""
    small, large = (f"{quantity}_{build}" for build in BUILDS)
    figures = [reported[name]["claimed"] for name in (large, small)]
    return Claim(
        name=f"{quantity} of STA-8 over STA-4",
        claimed=figures[0] / figures[1],
        modelled=float(answers[large] / answers[small]),
        unit="1",
        source=reported[small]["source"],
        where=reported[small]["where"],
        tolerance=RATIO_TOLERANCE,
        fitted=fitted,
    )
