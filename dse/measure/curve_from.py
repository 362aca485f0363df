"""The curve file of a finished measurement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from dse.measure.checkpoint import Checkpoint
from dse.measure.experiment import Plan
from dse.measure.policies.choices import find_choice
from dse.sparsity.curve_tables import (
    About,
    AttentionTable,
    BalanceTable,
    CurveFile,
    CurveTable,
)
from dse.sparsity.curves import POOLED, WEIGHTS

# Keys of references.bib.
DATA_SOURCES = {"wordnet": "fellbaum1998wordnet", "sst-2": "socher2013sst"}

_SPREAD = (
    "spread: of the accuracy, over the texts of one seed and over seeds together (root "
    "of the sum of squares; over the seeds: of the accuracy lost against the dense "
    "model, each seed with its own texts and its own probe)"
)
_SPREAD_OF_ONE = "spread: standard error of the accuracy, of one seed, over its texts"
_DENSITIES = "share of values of real tokens that are not zero; padding is not counted"


def curve_file(
    checkpoint: Checkpoint,
    plan: Plan,
    answers: list[dict[str, Any]],
    *,
    name: str,
    data: str,
    date: str,
    command: str,
) -> CurveFile:
    """Return what `measure` found as a curve that every engine can read.

    Args:
        checkpoint: the model that was measured.
        plan: what was asked.
        answers: one per setting, as `measure` returns them.
        name: of the model, as in `minilm-l6`.
        data: which texts, in words.
        date: the day, as 2026-11-22.
        command: what a person types to measure it again.
    """
    accuracy = np.asarray([one["accuracy"] for one in answers])  # [k, seeds]
    dense = np.asarray(answers[0]["dense_accuracy"])
    means = accuracy.mean(axis=1)
    spread = sampling_error(means, plan.test)
    if len(plan.seeds) > 1:
        spread = np.hypot(spread, (dense - accuracy).std(axis=1, ddof=1))
    first = answers[0]
    measured = _measured(checkpoint, plan, first, data)
    about = About(model=name, date=date, command=command, **measured)
    density = {POOLED: _column(answers, "activations")}
    density |= {s: [one["density"][s] for one in answers] for s in first["density"]}
    weights = _column(answers, "weights")
    if min(weights) < 1.0:
        density[WEIGHTS] = weights
    layers = {
        site: np.transpose([one["density_by_layer"][site] for one in answers]).tolist()
        for site in first["density_by_layer"]
    }
    return CurveFile(
        about=about,
        curve=CurveTable(
            settings=plan.settings,
            accuracy=tuple(means.tolist()),
            spread=tuple(spread.tolist()),
            dense_accuracy=float(dense.mean()),
        ),
        density=density,
        density_by_layer=layers,
        attention=_attention(answers) if _prunes_pairs(answers) else None,
        balance=BalanceTable(
            tile_sizes=first["tile_sizes"],
            **{
                part: _by_product(answers, part) for part in ("useful", "median", "p95")
            },
        ),
    )


def sampling_error(accuracy: np.ndarray, texts: int) -> np.ndarray:
    """Return the standard error of accuracies over so many texts.

        sqrt(p (1 - p) / n),   p = (right + 1) / (n + 2)

    Never 0: one more text of either kind is counted, for none may be right or wrong.
    """
    share = (accuracy * texts + 1) / (texts + 2)
    return np.asarray(np.sqrt(share * (1 - share) / texts))


def _attention(answers: list[dict[str, Any]]) -> AttentionTable:
    rounds = np.asarray(_column(answers, "rounds"))  # [k, rounds]
    return AttentionTable(
        kept=tuple(rounds[:, -1].tolist()),
        kept_first_round=tuple(rounds[:, 0].tolist()) if rounds.shape[1] > 1 else None,
        overlap=_column(answers, "overlap"),
        capacities=answers[0]["capacities"],
        reuse=_column(answers, "reuse"),
        blocks=answers[0]["blocks"],
        union=_column(answers, "union"),
    )


def _prunes_pairs(answers: list[dict[str, Any]]) -> bool:
    return any(one["rounds"][-1] < 1.0 for one in answers)


def _column(answers: Iterable[dict[str, Any]], key: str) -> Any:
    return [one[key] for one in answers]


def _by_product(answers: list[dict[str, Any]], part: str) -> dict[str, Any]:
    return {p: [one[part][p] for one in answers] for p in answers[0][part]}


def _how_long(plan: Plan, padded: float) -> str:
    real = f", {plan.seq_len * (1 - padded):.1f} of them no padding"
    if plan.join:
        return f"joined within a class to at most {plan.seq_len} tokens{real}"
    return f"each padded to {plan.seq_len} tokens{real}"


def _measured(
    checkpoint: Checkpoint, plan: Plan, first: dict[str, Any], data: str
) -> dict[str, Any]:
    """Return what was measured, how and on what, as fields of `About`."""
    choice = find_choice(plan.policy)
    return {
        "task": plan.task,
        "policy": plan.policy,
        "setting": choice.setting,
        "metric": "accuracy",
        "status": "measured",
        "source": choice.source,
        "where": choice.about,
        "densities": _DENSITIES,
        "note": _note(plan),
        "model_sha256": checkpoint.sha256,
        "data": f"{data}, {_how_long(plan, first['padded_fraction'])}; per seed "
        f"{plan.train} sequences for the probe and {plan.test} to judge it",
        "data_source": DATA_SOURCES.get(plan.task, ""),
        "seq_len": plan.seq_len,
        "padded_fraction": first["padded_fraction"],
        "seeds": plan.seeds,
    }


def _note(plan: Plan) -> str:
    looked = (
        f"densities and pairs from {plan.looked_at} sequences of the first seed, tiles "
        f"and buffers from {plan.traced}"
    )
    return f"{_SPREAD if len(plan.seeds) > 1 else _SPREAD_OF_ONE}; {looked}"
