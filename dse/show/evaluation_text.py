"""One evaluated machine, as tables of plain text and as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dse.engines.base import Engine
from dse.evaluation import Metrics, Timing
from dse.explore.accuracy import grounds_of
from dse.explore.basis import technology_json, workload_json
from dse.explore.draws import SHARE
from dse.explore.hashes import hash_of_records
from dse.explore.model_error import evidence_text, model_bars
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import column_name, file_units
from dse.hardware.technology import Technology
from dse.shipped import versions
from dse.show.labels import (
    buildable_label,
    component_label,
    describe_fields,
    describe_workload,
    fit_label,
    number,
    shown_unit,
)
from dse.show.scale import Scale, scale_of, scaled_unit
from dse.show.text_table import Table, prose
from dse.study.summary import metrics_as_json
from dse.units import from_si
from dse.workload.ops import Workload

WIDTH = 88
Bars = Mapping[str, tuple[float, float]]  # factors of each metric
_BUSY = ("load", "compute", "store")
_EXTRA_UNITS = {  # how names of extras end
    "years": "years",
    "mbit": "Mbit",
    "kib": "KiB",
    "percent": "%",
    "db": "dB",
}
_ORIGINS = {"refetched": "read again"}  # what people read for an origin of bytes


def evaluation_text(
    design: Engine,
    workload: Workload,
    technology: Technology,
    timing: Timing,
    metrics: Metrics,
) -> str:
    """Return the answer as a page: machine, run, totals, parts, units and ops."""
    fields = {name: float(design.number(name)) for name in design.meanings()}
    machine = describe_fields(design, fields).items()
    described = f"{type(design).__name__}: " + ", ".join(f"{k} {v}" for k, v in machine)
    run = f"{describe_workload(workload)}; {timing} timing, technology "
    return "\n\n".join(
        [
            prose(described, WIDTH),
            prose(run + technology.name, WIDTH),
            metrics_text(metrics, model_bars(design, technology, [workload])),
            prose(evidence_text(design, technology, [workload]), WIDTH),
        ]
    )


def metrics_text(metrics: Metrics, bars: Bars | None = None) -> str:
    """Return the totals of one run, and where they go: parts, bytes, units and ops.

    `bars` of the model's error, as factors, stand beside the totals.
    """
    return "\n\n".join(table.text for table in metrics_tables(metrics, bars))


def metrics_tables(metrics: Metrics, bars: Bars | None = None) -> list[Table]:
    """Return totals, energy and area by part, bytes, how busy units are, and ops."""
    scale = scale_of(metrics)
    totals = _totals(metrics, scale, bars or {})
    tables = [totals, _parts(metrics, scale), _off_chip(metrics)]
    return [*tables, _units(metrics), _ops(metrics, scale)]


def evaluation_json(
    design: Engine,
    workload: Workload,
    technology: Technology,
    timing: Timing,
    metrics: Metrics,
) -> dict[str, Any]:
    """Return the answer as plain data, units in the names."""
    return {
        "engine": type(design).__name__,
        "design": {
            name: meaning.show(design.number(name))
            if meaning.choices
            else float(design.number(name))
            for name, meaning in design.meanings().items()
        },
        "workload": workload_json(workload),
        "technology": technology_json(technology),
        "timing": timing,
        "versions": versions(),
        "hash": hash_of_records(design, workload, technology, said=[timing]),
        "metrics": metrics_as_json(metrics),
        "buildable": not metrics.cannot_be_built,
        "cannot_be_built": list(metrics.cannot_be_built),
        "fits": not metrics.does_not_fit,
        "does_not_fit": metrics.does_not_fit,
        "memory_use_gib": _in(metrics.memory_use, "GiB"),
        "memory_capacity_gib": None
        if metrics.memory_capacity is None
        else from_si(float(metrics.memory_capacity), "GiB"),
        "accuracy": grounds_of(metrics).to_json(),
        **parts_json(metrics),
        "model_error": _bars_json(design, workload, technology, metrics),
    }


def parts_json(metrics: Metrics) -> dict[str, Any]:
    """Return where time, energy, area and bytes go as plain data, units in names."""
    return {
        "bottleneck": metrics.bottleneck,
        "dynamic_energy_mj": _in(metrics.dynamic_energy, "mJ"),
        "leakage_energy_mj": _in(metrics.leakage_energy, "mJ"),
        "area_mm2": _in(metrics.area_by_component, "mm^2"),
        "off_chip_mb": _in(metrics.off_chip_bytes, "MB"),
        "compulsory_mb": _in(metrics.compulsory_bytes, "MB"),
        "utilization": _in(metrics.utilization, "1"),
        "extras": {
            name: float(value) if math.isfinite(float(value)) else None
            for name, value in metrics.extras.items()
        },
        "ops": [
            {
                "name": name,
                **{
                    f"{what}_us": from_si(float(seconds[op]), "us")
                    for what, seconds in metrics.op_busy.items()
                },
                "dynamic_energy_mj": from_si(float(metrics.op_energy[op]), "mJ"),
            }
            for op, name in enumerate(metrics.op_names)
        ],
    }


def _bars_json(
    design: Engine, workload: Workload, technology: Technology, metrics: Metrics
) -> dict[str, Any]:
    """Return the ends of the bar of the model's error by metric, units in the names."""
    ends: dict[str, dict[str, float]] = {"low": {}, "high": {}}
    bars = model_bars(design, technology, [workload])
    for metric, unit in file_units(metrics.counted).items():
        if metric in bars and getattr(metrics, metric) is not None:
            value = from_si(float(getattr(metrics, metric)), unit)
            for end, factor in zip(ends.values(), bars[metric], strict=True):
                end[column_name(metric, unit)] = value * factor
    evidence = evidence_text(design, technology, [workload])
    return {"share": SHARE, **ends, "evidence": evidence}


def _in(values: Mapping[str, Any], unit: str) -> dict[str, float]:
    return {name: from_si(float(value), unit) for name, value in values.items()}


def _totals(metrics: Metrics, scale: Scale, bars: Bars) -> Table:
    rows = [
        [scale.name(m), _total(metrics, m, scale), _bar(metrics, m, scale, bars)]
        for m in SHOWN_UNITS
        if getattr(metrics, m) is not None and m != "accuracy_spread"
    ]
    built = buildable_label("; ".join(metrics.cannot_be_built))
    rows.append(["Buildable", built, ""])
    if metrics.memory_capacity is not None and metrics.memory_use:
        rows.append(["Fits", fit_label(metrics.does_not_fit), ""])
    name = metrics.bottleneck
    busy = float(metrics.utilization[name])
    rows.append(["Bottleneck", f"{component_label(name)}, busy {busy:.0%}", ""])
    rows += [[*_extra(name, float(v)), ""] for name, v in metrics.extras.items()]
    heads = ["metric", "value", f"{SHARE:.0%} by model error"]
    width = len(heads) if bars else 2
    return Table(heads[:width], [row[:width] for row in rows])


def _extra(name: str, value: float) -> tuple[str, str]:
    """Return what only a kind of machine has in words, the unit beside its value."""
    what, _, word = name.rpartition("_")
    if word not in _EXTRA_UNITS:
        return component_label(name), number(value)
    return component_label(what), f"{number(value)} {_EXTRA_UNITS[word]}"


def _bar(metrics: Metrics, metric: str, scale: Scale, bars: Bars) -> str:
    value = float(getattr(metrics, metric))
    if metric not in bars or value == 0.0:
        return ""
    return scale.span(metric, [value * end for end in bars[metric]])


def _total(metrics: Metrics, metric: str, scale: Scale) -> str:
    """Return one total with its unit; an accuracy with how sure it is, and of what."""
    told = scale.amount(metric, getattr(metrics, metric))
    drop, spread = metrics.accuracy_drop, metrics.accuracy_spread
    if metric != "accuracy_drop" or drop is None or spread is None:
        return told
    if math.isnan(float(drop)):
        told = f"{told}: {' or '.join(metrics.unknown)}"
    elif float(spread) > 0.0:
        told = f"{told} ± {scale.amount(metric, spread)}"
    return f"{told} ({scale.subject})" if scale.subject else told


def _parts(metrics: Metrics, scale: Scale) -> Table:
    """Return energy and area by component with their shares, largest energy first."""
    energy = {n: float(v) for n, v in metrics.energy_by_component.items()}
    area = {n: float(v) for n, v in metrics.area_by_component.items()}
    unit = scale.units["energy"]
    rows = []
    for name in sorted(
        energy.keys() | area.keys(), key=lambda n: (-energy.get(n, 0.0), n)
    ):
        work = float(metrics.dynamic_energy.get(name, 0.0))
        rest = float(metrics.leakage_energy.get(name, 0.0))
        rows.append(
            [
                component_label(name),
                *(number(from_si(joule, unit)) for joule in (work, rest, work + rest)),
                f"{(work + rest) / float(metrics.energy):.1%}",
                number(from_si(area.get(name, 0.0), "mm^2")),
                f"{area.get(name, 0.0) / float(metrics.area):.1%}",
            ]
        )
    shown = shown_unit(unit)
    header = ["component", f"work ({shown})", f"leakage ({shown})", f"energy ({shown})"]
    return Table([*header, "share", "area (mm²)", "share"], rows)


def _off_chip(metrics: Metrics) -> Table:
    """Return the bytes over the main-memory port by origin, and the least there are.

    What no machine can do without is left out where it is not known, as of attention
    that runs alone, or of the cache that a co-processor reads.
    """
    moved = {origin: float(size) for origin, size in metrics.off_chip_bytes.items()}
    least = {origin: float(size) for origin, size in metrics.compulsory_bytes.items()}
    unit = scaled_unit([sum(moved.values())], "information")
    columns = {"moved": moved} | ({"compulsory": least} if least else {})
    order = sorted(moved.keys() | least.keys(), key=lambda n: (-moved.get(n, 0.0), n))
    shown = [name for name in order if any(c.get(name) for c in columns.values())]
    unknown = {"cache"} - least.keys()

    def cell(column: str, name: str) -> str:
        if column == "compulsory" and name in unknown:
            return "-"
        return number(from_si(columns[column].get(name, 0.0), unit))

    def total(column: str) -> str:
        more = "≥ " if column == "compulsory" and unknown & set(shown) else ""
        return more + number(from_si(sum(columns[column].values()), unit))

    rows = [
        [_ORIGINS.get(name, name), *(cell(column, name) for column in columns)]
        for name in shown
    ]
    rows.append(["all", *map(total, columns)])
    header = [f"{name} ({shown_unit(unit)})" for name in columns]
    return Table([f"off chip, per {metrics.counted}", *header], rows)


def _units(metrics: Metrics) -> Table:
    busiest = sorted(metrics.utilization.items(), key=lambda unit: -float(unit[1]))
    rows = [[component_label(name), f"{float(busy):.1%}"] for name, busy in busiest]
    return Table(["port or unit", "busy"], rows)


def _ops(metrics: Metrics, scale: Scale) -> Table:
    """Return the time and energy of each op, summed over the layers that repeat it.

    Of a generation, also over the prompt and all steps.
    """
    columns = [np.asarray(metrics.op_busy[w], float) for w in _BUSY]
    table = np.stack([*columns, np.asarray(metrics.op_energy, float)])
    names, title = list(metrics.op_names), "op, all layers"
    if metrics.tokens_per_second is not None:
        of = {name: i for i, name in enumerate(dict.fromkeys(names))}
        summed = np.zeros((len(of), len(table)))
        np.add.at(summed, np.asarray([of[name] for name in names]), table.T)
        table, names, title = summed.T, list(of), "op, all layers and steps"
    time_unit, energy_unit = scale.units["latency"], scale.units["energy"]
    rows = [
        [
            component_label(name),
            *(number(from_si(float(v), time_unit)) for v in seconds),
            number(from_si(float(joule), energy_unit)),
        ]
        for name, (*seconds, joule) in zip(names, table.T, strict=True)
    ]
    header = [f"{what} ({shown_unit(time_unit)})" for what in _BUSY]
    work = f"work ({shown_unit(energy_unit)})"
    return Table([title, *header, work], rows)
