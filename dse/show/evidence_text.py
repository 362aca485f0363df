"""What validations found, as tables for a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from dse.evidence.claims import Claim, summary_of
from dse.show.text_table import prose, terminal_width, text_table

_ERRORS = ("mean", "median", "worst")
_TOTALS = (
    "latency_us",
    "cycles",
    "cycles_without_embedding",
    "cycles_walk",
    "energy",
    "area",
)
_HEADER = [
    *("figure", "unit", "published", "model", "error", "within", "met"),
    *("90 % range", "holds it"),
]


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
    sources = dict.fromkeys(claim.source for claim in claims)
    told = [_claim_row(each) for each in claims]
    columns = zip(_HEADER, *told, strict=True)
    # What is said of none, as an interval, is no column.
    header, *rows = zip(*(c for c in columns if set(c[1:]) != {"-"}), strict=True)
    parts = [
        text_table(header, rows),
        prose(_summary_text(summary_of(claims))),
        _reasons_text(claims),
        prose(f"Sources: {', '.join(sources)}."),
    ]
    return "\n\n".join(part for part in parts if part)


def _reasons_text(claims: Sequence[Claim]) -> str:
    """Return why the model says something else, or nothing; each reason once."""
    named: dict[str, list[str]] = {}
    for claim in claims:
        if claim.reason:
            named.setdefault(claim.reason, []).append(claim.name)
    lines = []
    for reason, names in named.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines += textwrap.wrap(
            f"- {names[0]}{others}: {reason}", terminal_width(), subsequent_indent="  "
        )
    return "\n".join(lines)


def _claim_row(claim: Claim) -> list[str]:
    interval = "-"
    if claim.low is not None and claim.high is not None:
        interval = f"{claim.low:.4g} to {claim.high:.4g}"
    return [
        claim.name + (" (fitted)" if claim.fitted else ""),
        claim.unit,
        f"{claim.claimed:.6g}",
        "-" if claim.modelled is None else f"{claim.modelled:.4g}",
        "-" if claim.error is None else f"{claim.error:+.1%}",
        f"{claim.tolerance:.1%}" if claim.tolerance else "-",
        _yes_or_no(claim.met),
        interval,
        _yes_or_no(claim.held),
    ]


def _yes_or_no(answer: bool | None) -> str:
    return "-" if answer is None else "yes" if answer else "no"


def _summary_text(found: dict[str, Any]) -> str:
    if found["median"] is None:
        return "Nothing here is modelled that no number was fitted to."
    fitted = f" {found['fitted']} more are fitted." if found["fitted"] else ""
    parts = [
        f"{found['rows']} figures that nothing was fitted to: median error "
        f"{found['median']:.1%}, worst {found['worst']:.1%}",
        f"{found['met']} of {found['with_tolerance']} as near as asked",
        f"{found['held']} of {found['with_interval']} intervals hold theirs",
    ]
    counted = [True, found["with_tolerance"], found["with_interval"]]
    kept = [part for part, any_ in zip(parts, counted, strict=True) if any_]
    return f"{'; '.join(kept)}.{fitted}"


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
