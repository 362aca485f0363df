"""The rows that model error is learned from: what was measured over what is modelled.

A row counts where nothing was fitted to it, and where it does not come from the very
rules and numbers that the model states. So rows of simulators are left out, which agree
to the cycle because they say the same; and parts of a publication whose numbers the
model reads. Ratios of two machines are kept, to hold what was learned against them;
nothing is learned from them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dse.csv_file import number_in, read_rows
from dse.evidence.claims import Claim
from dse.evidence.registry import find_validation
from dse.explore.model_error import LEARNED
from dse.files import write_whole
from dse.shipped import hw_params_folder

FILE = Path("reported") / "model_error_rows.csv"
Powers = tuple[int, int, int]  # of latency, energy and area

_SERVER = "AccelTran-Server over Energon, "
_RATE, _ENERGY, _AREA = (-1, 0, 0), (0, 1, 0), (0, 0, 1)
_POWER, _BY_POWER, _BY_AREA = (-1, 1, 0), (0, -1, 0), (-1, 0, -1)
_OPERATORS = {"a100": "a100_80gb", "h800": "h800"}


@dataclass(frozen=True)
class _Figures:
    """Which claims of a table are figures of a machine, and what they measure."""

    table: str
    family: str
    pattern: str
    measures: dict[str, Powers]


_FIGURES = (
    _Figures(
        "energon",
        "filter",
        "(?P<machine>Energon|A3|ELSA|Sanger|DOTA|SpAtten|FACT|SOFA), (?P<what>.+)",
        {"throughput": _RATE, "area": _AREA, "core power": _POWER},
    ),
    _Figures(
        "isaac",
        "crossbar",
        "(?P<kind>chip)?(?P<what>.+)",
        {" area": _AREA, "rate by area": _BY_AREA, " power": _POWER},
    ),
    _Figures(
        "puma",
        "crossbar",
        "(?P<kind>chip|unit)?(?P<what>.+)",
        {
            " area": _AREA,
            " energy": _ENERGY,
            " rate": _RATE,
            "rate by power": _BY_POWER,
        },
    ),
    _Figures(
        "sprint",
        "sprint",
        "(?P<what>.+)",
        {"rate": _RATE, "area": _AREA, "rate by power": _BY_POWER},
    ),
    _Figures(
        "sta",
        "nm",
        "(?P<what>efficiency) of (?P<machine>STA-.)",
        {"efficiency": _BY_POWER},
    ),
)
# Ratios: table, names, metric, whose, and over whose.
_RATIOS = (
    ("sprint", ".+: energy gain, M.+", "energy", "sprint", "sprint"),
    ("sta", "tensor core end to end", "latency", "nm", "nm"),
    (
        "energon",
        f"{_SERVER}throughput",
        "latency",
        "tile",
        "filter",
    ),
    ("energon", f"{_SERVER}energy", "energy", "tile", "filter"),
)


@dataclass(frozen=True)
class ErrorRow:
    """One figure of one machine: `error` is log(measured / modelled) of `metric`.

    `kind` is what the machine ran, where a table tells: rows of one machine and kind
    share what is particular to them. Of a ratio, `over` names the family of the other
    machine, and `error` is that of the other less that of the first.
    """

    table: str
    family: str
    machine: str
    kind: str
    metric: str
    error: float
    over: str = ""


def collect() -> list[ErrorRow]:
    """Return the rows of all validations, run anew; it takes a minute."""
    rows: list[ErrorRow] = []
    for table, machine in _OPERATORS.items():
        rows += _of_operators(table, machine, _run(table)["runs"])
    rows += of_serving(_run("serving"))
    rows += _of_cards("rtx3090", _run("rtx3090")["runs"])
    rows += _of_chip("neurram", _run("neurram")["runs"])
    for table in dict.fromkeys(figures.table for figures in _FIGURES):
        rows += of_claims(table, _run(table))
    return rows


def _run(table: str) -> Any:
    return find_validation(table).run(None, progress=False)


def _of_operators(
    table: str, machine: str, runs: Iterable[dict[str, Any]]
) -> list[ErrorRow]:
    return [
        ErrorRow(
            table,
            "reference",
            machine,
            run["group"].split()[0],
            "latency",
            math.log(run["claimed"]["latency_us"] / run["found"]["latency_us"]),
        )
        for run in runs
        if not run["fitted"]
    ]


def of_serving(claims: Iterable[Claim]) -> list[ErrorRow]:
    """Return errors of the time of whole generations, and of first tokens."""
    rows = []
    for claim in claims:
        named = re.fullmatch(r".+ on (\w+), .+, (throughput|first token)", claim.name)
        assert named, claim.name
        card, kind = named.groups()
        error = _error(claim) if kind == "first token" else -_error(claim)
        rows.append(ErrorRow("serving", "reference", card, kind, "latency", error))
    return rows


def _of_cards(table: str, runs: Iterable[dict[str, Any]]) -> list[ErrorRow]:
    """Return errors of products that the N:M engine runs dense and sparse."""
    return [
        ErrorRow(
            table,
            "nm",
            "rtx_3090",
            way,
            "latency",
            math.log(run["claimed"][f"{way}_us"] / run["found"][f"{way}_us"]),
        )
        for way in ("dense", "sparse")
        for run in runs
        if f"{way}_us" in run["errors"]
    ]


def _of_chip(table: str, runs: Iterable[dict[str, Any]]) -> list[ErrorRow]:
    """Return errors of a crossbar chip's time and energy an operation.

    What stands in two rows of the table was measured once.
    """
    errors: dict[tuple[str, float], float] = {}
    for run in runs:
        for name, metric in (("chip_tops", "latency"), ("tops_per_w", "energy")):
            if name in run["errors"]:
                claimed = run["claimed"][name]
                errors[metric, claimed] = math.log(run["found"][name] / claimed)
    return [
        ErrorRow(table, "crossbar", table, "product", metric, error)
        for (metric, _), error in errors.items()
    ]


def of_claims(table: str, claims: Sequence[Claim]) -> list[ErrorRow]:
    """Return the errors that a table of claims tells: of machines, and of ratios."""
    modelled = [claim for claim in claims if claim.modelled is not None]
    rows = [
        row
        for figures in _FIGURES
        if figures.table == table
        for row in _of_machines(figures, modelled)
    ]
    return rows + [
        ErrorRow(table, family, _subject(claim), "", metric, _error(claim), over)
        for of, names, metric, family, over in _RATIOS
        for claim in modelled
        if of == table and re.fullmatch(names, claim.name) and not claim.fitted
    ]


def _of_machines(figures: _Figures, claims: Sequence[Claim]) -> list[ErrorRow]:
    """Return errors of latency, energy and area from claims about machines.

    A figure of two of them, as power is of energy and time, is taken apart where the
    other is known of the same machine. Fitted figures only serve for that.
    """
    known: dict[tuple[str, str], dict[str, tuple[float, bool]]] = {}
    waiting = list(claims)
    for _ in LEARNED:  # each round may make one more known
        for claim in list(waiting):
            match = re.fullmatch(figures.pattern, claim.name)
            if match is None or match["what"] not in figures.measures:
                continue
            named = match.groupdict()
            of = named.get("machine") or figures.table, named.get("kind") or "chip"
            found = _solve(
                _error(claim), figures.measures[match["what"]], known.setdefault(of, {})
            )
            if found is not None:
                metric, error = found
                known[of][metric] = (error, claim.fitted)
                waiting.remove(claim)
    return [
        ErrorRow(figures.table, figures.family, machine, kind, metric, error)
        for (machine, kind), errors in known.items()
        for metric, (error, fitted) in errors.items()
        if not fitted
    ]


def _solve(
    error: float, powers: Powers, known: dict[str, tuple[float, bool]]
) -> tuple[str, float] | None:
    """Return the one metric that is not known yet, and its error."""
    unknown = []
    for metric, power in zip(LEARNED, powers, strict=True):
        if power and metric in known:
            error -= power * known[metric][0]
        elif power:
            unknown.append((metric, power))
    if len(unknown) != 1:
        return None
    ((metric, power),) = unknown
    return metric, error / power


def _subject(claim: Claim) -> str:
    """Return of what a ratio is told: `BERT-B` of `BERT-B: energy gain`."""
    return re.split("[:,]", claim.name)[0]


def _error(claim: Claim) -> float:
    assert claim.modelled is not None
    return math.log(claim.claimed / claim.modelled)


def read_error_rows(path: Path | None = None) -> list[ErrorRow]:
    """Return the rows of a file, or of the one that comes with dse."""
    table = path or hw_params_folder() / FILE
    return [
        ErrorRow(**{**row, "error": number_in(place, "error", row.get("error"))})  # type: ignore[arg-type]
        for place, row in read_rows(table, "a CSV of errors of the models")
    ]


def write_error_rows(rows: Sequence[ErrorRow], path: Path) -> None:
    """Write rows so that `read_error_rows` finds them again."""
    names = list(ErrorRow.__dataclass_fields__)
    lines = [",".join(names)]
    for row in rows:
        cells = [getattr(row, name) for name in names]
        lines.append(",".join(f"{c:.5f}" if isinstance(c, float) else c for c in cells))
    write_whole(path, "\n".join(lines) + "\n")
