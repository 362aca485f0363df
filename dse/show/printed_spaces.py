"""What is asked and what came of it, when printed: spaces, studies, designs, models."""

from __future__ import annotations

from dse.explore.runs import Runs
from dse.explore.space import Space, meaning_of
from dse.show.labels import describe_design, describe_workload, number
from dse.show.scale import scale_of
from dse.show.text_table import Table, Tables
from dse.study.study import Study
from dse.workload.model_shape import ModelShape

MOST = 12  # designs, or values of an axis, that are written out


def space_tables(space: Space) -> Tables:
    """Return how a space prints."""
    rows = []
    for name in dict.fromkeys([*space.axes, *space.continuous, *space.tied]):
        meaning = meaning_of(space.design, name)
        if name in space.axes:
            values = [meaning.show(value) for value in space.axes[name].values]
            told = _few(values)
        elif name in space.continuous:
            ends = space.continuous[name]
            told = f"{ends.low:g} to {meaning.show(ends.high)}"
        else:
            told = space.tied[name].expression
        rows.append([name, told, meaning.doc])
    size = f"{space.size:,} designs{' times a continuum' * bool(space.continuous)}"
    how = "a list" if space.rows else "all combinations"
    title = f"{size}: {how} of values around a {type(space.design).__name__}"
    note = "; ".join(f"{reason}: {rule}" for reason, rule in space.legal.items())
    return Tables(title, [Table(["field", "values", "meaning"], rows)], note)


def runs_tables(runs: Runs) -> Tables:
    """Return how a table of designs prints."""
    wanted = ", ".join(map(str, runs.objectives))
    kind = f": the front of {wanted}" if wanted else ""
    title = f"{len(runs):,} of {runs.evaluated:,} designs evaluated{kind}"
    scale = scale_of(runs)
    usual = ("throughput", "energy", "area")
    metrics = [o.metric for o in runs.objectives if o.metric in runs.metrics]
    metrics = metrics or [name for name in usual if name in runs.metrics]
    rows = []
    for row in range(min(MOST, len(runs))):
        chosen = describe_design(runs.space, int(runs.index[row]))
        values = ", ".join(f"{name} {value}" for name, value in chosen.items())
        amounts = [scale.amount(name, runs.metrics[name][row]) for name in metrics]
        rows.append([f"{runs.index[row]:,}", *amounts, values])
    heads = ["design", *map(scale.title, metrics), "fields"]
    note = "All of it as a table: `.to_pandas()`; a machine: `.design(number)`."
    return Tables(title, [Table(heads, rows)], note)


def study_tables(study: Study) -> Tables:
    """Return how a study prints."""
    moved = study.space.names
    rows = [
        ["machines", f"{study.space.size:,} of {type(study.space.design).__name__}"],
        *(["workload", describe_workload(run, moved=moved)] for run, _ in study.suite),
        ["objectives", ", ".join(study.objectives)],
        ["limits", ", ".join(study.limits) or "none"],
        ["beside it", ", ".join(study.references) or "no published machine"],
        ["technology", study.technology.name],
        ["timing", study.timing],
    ]
    note = "Its machines: `.space`; its answer: `.run()`."
    title = f"{study.name}: {study.question}"
    return Tables(title, [Table(["what", "is"], rows)], note)


def shape_tables(shape: ModelShape) -> Tables:
    """Return how a model prints."""
    rows = [
        ["parameters of the body", f"{shape.parameters:,}"],
        ["parameters of the head", f"{shape.head_parameters:,}"],
        ["weights in bf16", f"{number(shape.weight_bytes() / 1e9)} GB"],
        [
            "cache of a token in bf16",
            f"{number(shape.cache_bytes_per_token() / 1e3)} kB",
        ],
        ["positions", "no limit" if shape.longest is None else f"{shape.longest:,}"],
    ]
    rows += [
        [
            f"layers, {stack.role}",
            f"{sum(times for _, times in stack.layers):,} of width {stack.hidden:,}",
        ]
        for stack in (*shape.stacks, *shape.aside)
    ]
    title = f"{shape.name}, of the type {shape.kind}"
    return Tables(title, [Table(["what", "is"], rows)])


def _few(values: list[str]) -> str:
    """Return values side by side, those in the middle left out of many."""
    short = values if len(values) <= MOST else [*values[:3], "…", values[-1]]
    return ", ".join(short)
