"""Energon's competitors as machines of its family: how far one utilisation reaches."""

from __future__ import annotations

import dataclasses
from typing import Any

from dse.engines.filter.engine import FilterEngine
from dse.evidence.claims import Claim
from dse.evidence.energon_answers import kept_for, table_row
from dse.evidence.intervals import intervals, nominal
from dse.hardware.parameters import Parameters, load_parameters
from dse.hardware.technology import Technology

_NODE_NM = 45.0  # of Energon's technology
_COLUMNS = {
    "gops": ("throughput", "gops", "GOP/s"),
    "area": ("area", "area_mm2", "mm^2"),
    "core": ("core power", "core_w", "W"),
}
_RATE = (
    "published, its rate is {share:.0%} of what its multipliers give on the survivors "
    "alone; Energon's, to which the one utilisation was fitted, is 23 %"
)
_AREA = "what stands beside the multipliers is assumed, in Energon's proportions"
_POWER = (
    "published, an operation takes {times:.1f} times the energy that it takes in the "
    "model; library, activity and all but the multipliers are not known"
)


def competitor(row: dict[str, str], energon: Parameters) -> list[Claim]:
    """Return the claims of a machine of the comparison that nothing was fitted to."""
    design = row["design"]
    name, node = design.lower(), float(row["node_nm"])
    saved = float(row["saved_compute_percent"]) / 100.0

    def ask(table: Technology, technology: Technology) -> Any:
        machine = FilterEngine.described(table, name, node_nm=node)
        own = technology.at_node(node, rule="first_order", from_nm=_NODE_NM)
        return table_row(machine, own, saved)

    files = (load_parameters("attention_filters"), energon)
    found, ranges = nominal(ask, *files), intervals(ask, *files)
    reasons = _reasons(row, found, saved)
    claims = [
        Claim(
            name=f"{design}, {words}",
            claimed=float(row[column]),
            unit=unit,
            source="wang2024sofa",
            where=f"table II, {design}",
            modelled=found[what],
            low=ranges[what].low,
            high=ranges[what].high,
        )
        for what, (words, column, unit) in _COLUMNS.items()
    ]
    return [
        dataclasses.replace(claim, reason=reason) if claim.held is False else claim
        for claim, reason in zip(claims, reasons, strict=True)
    ]


def _reasons(row: dict[str, str], found: dict[str, float], saved: float) -> list[str]:
    """Return why throughput, area and core power may be missed, in this order."""
    machine: FilterEngine = getattr(FilterEngine, row["design"].lower())()
    technology = machine.published_technology()
    kept = kept_for(machine, saved, kept_first_round=0.0)
    ideal = machine.peak_rate(technology) / kept / 1e9
    published = float(row["gops"])
    return [
        _RATE.format(share=published / ideal),
        _AREA,
        _POWER.format(
            times=float(row["core_w"]) / published * found["gops"] / found["core"]
        ),
    ]
