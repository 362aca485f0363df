"""What validations found, as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dse.evidence.claims import Claim
from dse.show.text_table import text_table

_ERRORS = ("mean", "median", "worst")
_TOTALS = (
    "latency_us",
    "cycles",
    "cycles_without_embedding",
    "cycles_walk",
    "energy",
    "area",
)
_HEADER = ["claim", "claimed", "modelled", "interval", "unit", "verdict", "source"]


def run_errors_text(found: dict[str, Any]) -> str:
    """Return how far a model is from finished runs: over all, and in every group."""
    parts = [
        "Errors of the model, as shares of what the runs say:",
        _errors_table(found["quantities"]),
    ]
    for name, group in found["groups"].items():
        totals = {what: group[what] for what in _TOTALS if what in group}
        parts += [
            f"Among them, {name.replace('_', ' ')} runs:",
            _errors_table(totals),
        ]
    return "\n\n".join(parts)


def claims_text(claims: Sequence[Claim]) -> str:
    """Return what a publication claims beside what the model says, a row each."""
    table = text_table(_HEADER, [_claim_row(claim) for claim in claims])
    verdicts = [claim.verdict for claim in claims]
    counts = ", ".join(
        f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts)
    )
    notes = [f"- {claim.name}: {claim.reason}" for claim in claims if claim.reason]
    return "\n\n".join(part for part in (table, f"{counts}.", "\n".join(notes)) if part)


def _claim_row(claim: Claim) -> list[str]:
    interval = "-"
    if claim.low is not None and claim.high is not None:
        interval = f"{claim.low:.4g} to {claim.high:.4g}"
    return [
        claim.name,
        f"{claim.claimed:.6g}",
        "-" if claim.modelled is None else f"{claim.modelled:.6g}",
        interval,
        claim.unit,
        claim.verdict + (" (fitted to it)" if claim.fitted else ""),
        claim.source,
    ]


def _errors_table(quantities: dict[str, dict[str, Any]]) -> str:
    rows = [
        [
            name.replace("_", " "),
            f"{errors['rows']:,}",
            *(f"{errors[which]:.3%}" for which in _ERRORS),
            _correlation(errors["spearman"]),
        ]
        for name, errors in quantities.items()
    ]
    return text_table(["quantity", "rows", *_ERRORS, "rank correlation"], rows)


def _correlation(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.4f}"
