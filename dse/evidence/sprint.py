"""SPRINT's published figures against this package: speed-ups, data movement, energy.

Length, padding and pruning rate of each workload come from the table of its figures.
Its authors' own rates were not found: padding was fitted to the mask-only movement of
the smallest machine, pruning to its speed-up; claims that this decides are marked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from dse.csv_file import read_rows
from dse.evidence.claims import Claim
from dse.evidence.intervals import Interval, intervals, nominal
from dse.evidence.sprint_answers import answers
from dse.evidence.sprint_cases import Case, read_cases
from dse.hardware.parameters import load_parameters
from dse.hardware.technology import Technology
from dse.shipped import hw_params_folder

SOURCE = "yazdanbakhsh2022sprint"


class _Figure(NamedTuple):
    """A column of the table of figures: what it is, and how near counts as met."""

    words: str
    where: str
    share: float = 0.0  # of the printed value
    points: float = 0.0
    unit: str = "1"


_FIGURES = {
    "spd": _Figure("speed-up, {}-SPRINT", "Figure 11, read to 1.5 %", share=0.03),
    "dmm": _Figure(
        "movement saved by the mask, {}", "Figure 10, read to 0.3 points", 0, 1.5, "%"
    ),
    "dm": _Figure(
        "movement saved, {}-SPRINT", "Figure 10, read to 0.3 points", 0, 2.0, "%"
    ),
    "eM_prune": _Figure("energy gain, M, pruned on chip", "Figure 12(a)", share=0.12),
    "eM_sprint": _Figure("energy gain, M-SPRINT", "Figure 12(a)", share=0.12),
}
# Claims to which a number of the model, or of the workloads, was fitted.
_FITTED_FIGURES = ("spd_S", "spd_M", "spd_L")
_FITTED_MOVEMENT = ("GPT-2-L", "Synth-1", "Synth-2", "ViT-B")  # locality exponents
_FITTED_HEADLINES = ("speedup_geomean", "stack_bert_", "stack_vit_")
_NOT_FITTED = ("stack_bert_main_memory", "stack_vit_main_memory")
_CASE_OF = {"stack_bert": "BERT-B.stack", "stack_vit": "ViT-B.stack"}
_REASONS = {
    "accuracy_loss": "needs the accuracy curves of the five published models",
    "power": "the two printed rates agree with this machine's energies only if they "
    "count operations differently, see `rate_by_power`",
    "rate_by_power": "counts operations of padded keys, which `rate` does not",
}


def validate(data: Path | None = None, *, progress: bool = True) -> list[Claim]:
    """Compare the figures of each model and, for those that come with dse, the means.

    `data` is a CSV like `hw_params/reported/sprint_figures.csv`. Raises `InputError`
    for a file that is no such table. It takes seconds, with no steps to show.
    """
    reported = hw_params_folder() / "reported"
    cases = read_cases(data or reported / "sprint_figures.csv")

    def ask(technology: Technology) -> dict[str, Any]:
        return answers(cases, technology)

    sprint = load_parameters("sprint")
    found, ranges = nominal(ask, sprint), intervals(ask, sprint)
    claims = [
        _figure(case, name, found, ranges) for case in cases for name in case.printed
    ]
    if data is None:
        claims += _headlines(reported / "sprint_headlines.csv", found, ranges)
    return claims


def _figure(
    case: Case, column: str, found: dict[str, float], ranges: dict[str, Interval]
) -> Claim:
    kind, _, size = column.partition("_")
    figure = _FIGURES.get(column) or _FIGURES[kind]
    claimed = case.printed[column]
    name = f"{case.name}.{column}"
    fitted = (
        column in _FITTED_FIGURES
        or (column == "dmm_S" and case.padded > 0.0)
        or (column == "dm_S" and case.name in _FITTED_MOVEMENT)
    )
    return Claim(
        name=f"{case.name}: {figure.words.format(size)}",
        claimed=claimed,
        unit=figure.unit,
        source=SOURCE,
        where=figure.where,
        tolerance=figure.share or _as_share(figure.points, claimed),
        fitted=fitted,
        **_answer(name, found, ranges),
    )


def _headlines(
    path: Path, found: dict[str, float], ranges: dict[str, Interval]
) -> list[Claim]:
    """Return the claims of `sprint_headlines.csv`; tolerances there are in the unit."""
    claims = []
    for _, row in read_rows(path, "a CSV of claims"):
        quantity, claimed = row["quantity"], float(row["claimed"])
        name = quantity
        for start, own in _CASE_OF.items():
            name = name.replace(start, own)
        claims.append(
            Claim(
                name=quantity.replace("_", " "),
                claimed=claimed,
                unit=row["unit"],
                source=SOURCE,
                where=row["where"],
                tolerance=_as_share(float(row["tolerance"]), claimed),
                fitted=quantity.startswith(_FITTED_HEADLINES)
                and not quantity.startswith(_NOT_FITTED),
                reason=_REASONS.get(quantity, ""),
                **_answer(name, found, ranges),
            )
        )
    return claims


def _answer(
    name: str, found: dict[str, float], ranges: dict[str, Interval]
) -> dict[str, Any]:
    if name not in found:
        return {"modelled": None}
    low, high = ranges[name]
    value = found[name]
    return {"modelled": value, "low": min(low, value), "high": max(high, value)}


def _as_share(tolerance: float, claimed: float) -> float:
    return tolerance / abs(claimed) if claimed else 0.0
