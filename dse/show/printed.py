"""What objects look like when they are printed, or end a cell of a notebook."""

from __future__ import annotations

import dataclasses
import textwrap
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd
from jax.core import Tracer

from dse.engines.base import Engine
from dse.evaluation import Metrics
from dse.explore.compare import Comparison
from dse.explore.compiled_model import CompiledModel
from dse.explore.draws import SHARE
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import Runs
from dse.explore.sensitivity import Sensitivity
from dse.explore.space import Space
from dse.explore.uncertainty import Uncertainty
from dse.hardware.technology import Technology
from dse.records import Record
from dse.show.comparison import comparison_tables
from dse.show.evaluation_text import metrics_tables
from dse.show.labels import component_label, describe_fields, describe_workload, number
from dse.show.printed_spaces import (
    runs_tables,
    shape_tables,
    space_tables,
    study_tables,
)
from dse.show.scale import scale_for, uncertainty_scale
from dse.show.text_table import Table, Tables
from dse.sparsity.curves import POOLED, WEIGHTS, Curve
from dse.study.study import Study
from dse.tuning.result import Tuned
from dse.workload.model_shape import ModelShape
from dse.workload.ops import Workload

MOST = 12  # rows of a table that could have any number


@singledispatch
def tables_of(shown: Any) -> Tables:
    """Return how something prints."""
    raise TypeError(f"a {type(shown).__name__} has no tables")


@tables_of.register
def _(design: Engine) -> Tables:
    of, unit = design.slopes_of
    rows = []
    for name, meaning in design.meanings().items():
        value = design.number(name)
        if not of:
            rows.append([name, meaning.show(value), meaning.doc])
        elif not meaning.choices:
            per = "" if meaning.unit == "1" else f" per {meaning.unit}"
            rows.append([name, f"{float(value):.6g} {unit}{per}", meaning.doc])
    kind = type(design).__name__
    if of:
        title = f"Slopes of {of} by each number of a {kind}"
        return Tables(title, [Table(["number", "slope", "of"], rows)])
    rows += [[name, value, doc] for name, value, doc in _labels(design)]
    if not _can_be(design):
        kind = f"Numbers of a {kind} that no machine has, as the slopes of `jax.grad`"
    return Tables(kind, [Table(["field", "value", "meaning"], rows)])


def _can_be(design: Engine) -> bool:
    """Say whether all numbers are in their ranges; what JAX traces has none yet."""
    numbers = [(design.number(name), is_) for name, is_ in design.meanings().items()]
    return all(isinstance(n, Tracer) or bool(is_.fits(n).all()) for n, is_ in numbers)


def _labels(design: Record) -> list[tuple[str, str, str]]:
    """Return the parts of a record that are no numbers, where they are plain text."""
    fields: Any = dataclasses.fields(design)  # type: ignore[arg-type]
    found = []
    for field in fields:
        value = getattr(design, field.name)
        if field.metadata.get("static") and isinstance(value, str):
            found.append((field.name, value, field.metadata["doc"]))
    return found


@tables_of.register
def _(metrics: Metrics) -> Tables:
    if np.ndim(metrics.latency) == 0 and not isinstance(metrics.latency, Tracer):
        return Tables("", metrics_tables(metrics)[:1], "Where it goes: `.summary()`.")
    known = {name: getattr(metrics, name) for name in SHOWN_UNITS}
    rows = [[n, str(np.shape(v))] for n, v in known.items() if v is not None]
    return Tables("Metrics of many designs, in SI", [Table(["metric", "shape"], rows)])


def metrics_summary(metrics: Metrics) -> Tables:
    """Return the totals of one run, and where they go: parts, units and ops."""
    return Tables("", metrics_tables(metrics))


@tables_of.register
def _(workload: Workload) -> Tables:
    rows = []
    for block in workload.blocks:
        ops = block.ops
        for at, (name, kind) in enumerate(zip(ops.names, ops.kinds, strict=True)):
            sizes = [ops.heads, ops.rows, ops.inner, ops.columns]
            size = " x ".join(_ends(column, at, "{:,.0f}") for column in sizes)
            both = (ops.input_density, ops.weight_density)
            shares = [_ends(column, at, "{:.3g}") for column in both]
            head = [component_label(name), kind, str(block.repeats)]
            rows.append([*head, size, *shares])
    heads = ["op", "kind", "times", "heads x rows x inner x columns"]
    title = (
        f"{describe_workload(workload)}; {number(workload.macs)} MACs and "
        f"{workload.weights:,.0f} weights"
    )
    return Tables(title, [Table([*heads, "density of input", "of weights"], rows)])


def _ends(column: Any, at: int, form: str) -> str:
    """Return the number of one op, or the ends of it where layers differ."""
    if isinstance(column, Tracer):
        return "traced"
    values = np.atleast_2d(np.asarray(column, float))[:, at]
    ends = dict.fromkeys(form.format(end) for end in (values.min(), values.max()))
    return " to ".join(ends)


@tables_of.register
def _(curve: Curve) -> Tables:
    about, sites = curve.about, [s for s in (POOLED, WEIGHTS) if s in curve.densities]
    columns = [curve.settings, curve.accuracy, curve.spread]
    columns += [curve.densities[site] for site in sites]
    places = np.unique(np.linspace(0, len(curve.settings) - 1, MOST).astype(int))
    rows = [[f"{float(column[at]):.4g}" for column in columns] for at in places]
    heads = [about.setting, about.metric, "one deviation"]
    heads += [f"density of {site}" for site in sites]
    title = (
        f"{curve.name}: {len(curve.settings)} settings, {about.status}, {about.metric} "
        f"of the dense model {float(curve.dense_accuracy):.4g}"
    )
    own = [site for site in curve.sites if site not in sites]
    note = f"Densities of their own: {', '.join(own)}." if own else ""
    return Tables(title, [Table(heads, rows)], note)


@tables_of.register
def _(technology: Technology) -> Tables:
    parts: dict[str, list[str]] = {}
    for key in technology.values:
        part, _, what = key.rpartition(".")
        parts.setdefault(part, []).append(what)
    rows = [
        [part, _in_brief(", ".join(names))]
        for part, names in list(parts.items())[: 2 * MOST]
    ]
    more = f"And {len(parts) - len(rows)} more. " if len(parts) > len(rows) else ""
    title = f"Technology {technology.name}: {len(technology.values)} numbers"
    said = 'Numbers in SI by key, as `technology["clock.frequency"]`.'
    return Tables(title, [Table(["part", "numbers"], rows)], more + said)


@tables_of.register
def _(found: Sensitivity) -> Tables:
    table = pd.concat([found.design, found.technology])
    largest = table.abs().max(axis=1).sort_values(ascending=False).index[:MOST]
    rows = [
        [str(name), *(f"{value:+.3f} %" for value in table.loc[name])]
        for name in largest
    ]
    title = f"1 % more of a number changes, the {len(rows)} largest of {len(table)}:"
    return Tables(title, [Table(["number", *map(str, table.columns)], rows)])


@tables_of.register
def _(found: Uncertainty) -> Tables:
    scale, rows = uncertainty_scale(found), []
    for metric in found.metrics:
        low, high = found.interval(metric)
        nominal = found.nominal[metric]
        if len(nominal) == 1:
            span = scale.span(metric, (low[0], high[0]))
            cells = [scale.amount(metric, nominal[0]), span]
        else:
            wide = np.max((high - low) / np.where(nominal == 0, 1.0, np.abs(nominal)))
            cells = [f"{len(nominal):,} designs", f"at most {wide:.1%} wide"]
        rows.append([scale.title(metric), *cells])
    draws = len(next(iter(found.metrics.values()))[0])
    title = (
        f"{draws:,} draws of every assumed number ({len(found.parameters)}) and of the "
        "error of the model"
    )
    heads = ["metric", "as it stands", f"{SHARE:.0%} of draws"]
    return Tables(title, [Table(heads, rows)])


@tables_of.register
def _(model: CompiledModel) -> Tables:
    rows = [[key, _in_brief(value)] for key, value in model.about.items()]
    note = "Call it with a column for each: `model(table)`, `.value_and_gradient(…)`."
    return Tables("A compiled model", [Table(["what", "is"], rows)], note)


@tables_of.register
def _(found: Tuned) -> Tables:
    rows = [[*each] for each in describe_fields(found.design, found.values).items()]
    if found.metrics:
        counted = found.basis.counted if found.basis else "sequence"
        scale = scale_for(found.metrics, counted, found.grounds.label)
        rows += [
            [scale.title(name), scale.amount(name, found.metrics[name])]
            for name in SHOWN_UNITS
            if name in found.metrics
        ]
    title = found.verdict if found.proof is None else f"{found.verdict} {found.proof}"
    return Tables(title, [Table(["", "best found"], rows)])


def _in_brief(text: str) -> str:
    return textwrap.shorten(text, 60, placeholder=" …")


@tables_of.register
def _(compared: Comparison) -> Tables:
    return comparison_tables(compared)


tables_of.register(Space, space_tables)
tables_of.register(Runs, runs_tables)
tables_of.register(Study, study_tables)
tables_of.register(ModelShape, shape_tables)
