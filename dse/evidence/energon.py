"""Energon's published figures, and its competitors', against the filter engine.

Its row of a competitor's comparison is all that is known of the machine; its rate was
fitted to (one utilisation). The other rows of that comparison were not: they say how
far one family with one utilisation reaches.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from dse.csv_file import read_rows
from dse.engines.filter.engine import FilterEngine
from dse.evidence.attention_filters import competitor
from dse.evidence.claims import Claim
from dse.evidence.energon_answers import (
    energon_row,
    server_over_energon,
)
from dse.evidence.intervals import Interval, intervals, nominal
from dse.explore.progress import progress_bar
from dse.hardware.parameters import Parameters, load_parameters
from dse.shipped import hw_params_folder

SOURCE = "wang2024sofa"
_WHERE = "table II, {design}"
_UNITS = {"gops": "GOP/s", "area": "mm^2", "core": "W", "io": "W", "io_share": "1"}
_WORDS = {
    "gops": "throughput",
    "area": "area",
    "core": "core power",
    "io": "I/O power, port saturated",
    "io_share": "I/O share of power, port saturated",
}
_COLUMNS = {"gops": "gops", "area": "area_mm2", "core": "core_w", "io": "io_w"}
_SHARE_POINTS = 0.03
_PREDICTION = 1.4
_PREDICTION_REASON = (
    "multipliers and comparisons alone; the published figure has sorting, converters "
    "and memory accesses of a generic design in it"
)
_BANDWIDTH_REASON = (
    "Energon's bandwidth is not published and taken to be that of the machine it is "
    "compared with, so this agreement proves little; over the run itself the share is "
    "{share:.0%}, for compute binds it"
)
_SERVER_REASON = (
    "on attention of BERT-Base alone, 128 tokens, the one thing that both can run; "
    "Energon-server is assumed to be 16 edge machines. The paper divides two ratios to "
    "an A100, its own and one from Energon's paper, without naming the workloads; an "
    "A100 bound by overhead sets both. In the model AccelTran-Server spends "
    "{server_leakage:.0%} of this energy on leakage of 1,830 mm2 and "
    "{server_buffers:.0%} on its buffers"
)


def validate(data: Path | None = None, *, progress: bool = True) -> list[Claim]:
    """Compare the rows of the comparison, the abstract, and AccelTran's comparison."""
    reported = hw_params_folder() / "reported"
    rows = {row["design"]: row for row in _read(reported / "sofa_table.csv")}
    energon = load_parameters("energon")
    claims = own_row(rows["Energon"], energon)
    claims += _acceltran(reported, energon, _saved(rows["Energon"]))
    others = [row for name, row in rows.items() if name.lower() in FilterEngine.presets]
    for row in progress_bar(progress, unit="machine", over=others):
        claims += competitor(row, energon)
    return claims + [
        Claim(**(row | {"claimed": float(row["claimed"])}))  # type: ignore[arg-type]
        for row in _read(reported / "energon_claims.csv")
    ]


def _read(path: Path) -> list[dict[str, str]]:
    return [row for _, row in read_rows(path, "a CSV of claims")]


def _saved(row: dict[str, str]) -> float:
    return float(row["saved_compute_percent"]) / 100.0


def own_row(row: dict[str, str], energon: Parameters) -> list[Claim]:
    """Return the claims about Energon itself, one of which was fitted to."""
    ask = partial(energon_row, saved=_saved(row))
    found, ranges = nominal(ask, energon), intervals(ask, energon)
    claimed = {name: float(row[column]) for name, column in _COLUMNS.items()}
    claimed["io_share"] = claimed["io"] / (claimed["io"] + claimed["core"])
    reasons = {
        name: _BANDWIDTH_REASON.format(share=found["io_share_of_run"])
        for name in ("io", "io_share")
    }
    claims = [
        _claim(
            f"Energon, {_WORDS[name]}",
            value,
            _UNITS[name],
            _WHERE.format(design="Energon"),
            found[name],
            ranges[name],
            fitted=name == "gops",
            tolerance=_SHARE_POINTS / value if name == "io_share" else 0.0,
            reason=reasons.get(name, ""),
        )
        for name, value in claimed.items()
    ]
    return [
        *claims,
        _claim(
            "prediction over attention, power, 4 bits and a fifth kept",
            _PREDICTION,
            "1",
            "section I",
            found["prediction"],
            ranges["prediction"],
            reason=_PREDICTION_REASON,
        ),
    ]


def _acceltran(reported: Path, energon: Parameters, saved: float) -> list[Claim]:
    """Return AccelTran's comparison of its server with Energon."""
    bars = {row["machine"]: row for row in _read(reported / "acceltran_baselines.csv")}
    server, rival = bars["AccelTran-Server"], bars["Energon"]
    ask = partial(server_over_energon, saved=saved)
    files = (load_parameters("acceltran"), energon)
    found, ranges = nominal(ask, *files), intervals(ask, *files)
    columns = {"throughput": "throughput", "energy": "energy_reduction"}
    reason = _SERVER_REASON.format(**found)
    return [
        _claim(
            f"AccelTran-Server over Energon, {what}",
            float(server[column]) / float(rival[column]),
            "1",
            f"baselines.pdf, {server[column]} over {rival[column]}",
            found[what],
            ranges[what],
            source="tuli2023acceltran",
            reason=reason,
        )
        for what, column in columns.items()
    ]


def _claim(
    name: str,
    claimed: float,
    unit: str,
    where: str,
    modelled: float,
    interval: Interval,
    *,
    source: str = SOURCE,
    **more: Any,
) -> Claim:
    return Claim(
        name=name,
        claimed=claimed,
        unit=unit,
        source=source,
        where=where,
        modelled=modelled,
        low=interval.low,
        high=interval.high,
        **more,
    )
