"""Two machines on one workload: what differs, and what each difference is worth."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dse.arguments import one_of, texts
from dse.engines.base import Engine
from dse.engines.pair import Pair
from dse.engines.registry import find_engine, find_preset, known_engines
from dse.errors import InputError, quoted
from dse.evaluation import Metrics, Timing
from dse.explore.asked import DesignLike, TechnologyLike, WorkloadLike, read_question
from dse.explore.evaluate import evaluate
from dse.explore.objectives import SHOWN_UNITS, metric_value
from dse.hardware.technology import Technology
from dse.records import Record
from dse.shown import Shown
from dse.workload.ops import Workload

Machine = tuple[Engine, Technology]
_TECHNOLOGY = "technology"  # as a step of its own


class Step(NamedTuple):
    """One field changed: from what to what in words, and the metric then."""

    field: str
    before: str
    after: str
    metric: float  # SI, with this field and all before it changed


WORK = ("energy", "load", "compute", "store")  # what is told op by op


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
    """Two machines, `a` and `b`, with their metrics, and a way from one to the other.

    `steps` change one field at a time, the largest effect on `metric` first, so that
    what each is worth depends on those before it; together they are the difference.
    Machines of different kinds have no such way.

    Examples:
        >>> found = dse.compare("tile:edge", "tile:edge_lp", "bert-tiny")
        >>> one, other = found.values
        >>> abs(one + sum(found.changes.values()) - other) < 1e-9 * one
        True
    """

    metric: str
    a: Engine
    b: Engine
    names: tuple[str, str]
    found: tuple[Metrics, Metrics]
    steps: tuple[Step, ...]

    @property
    def values(self) -> tuple[float, float]:
        """The metric of both, in SI."""
        one, other = (float(metric_value(each, self.metric)) for each in self.found)
        return one, other

    @property
    def changes(self) -> dict[str, float]:
        """What each step adds to the metric, in SI, by field."""
        ends = [self.values[0], *(step.metric for step in self.steps)]
        fields = [step.field for step in self.steps]
        return dict(zip(fields, np.diff(ends).tolist(), strict=True))

    def by_component(self, what: str = "energy") -> dict[str, tuple[float, float]]:
        """Return energy per sequence in J, or `area` in m^2, by component, of both."""
        one_of("what", what, ("energy", "area"))
        parts = "area_by_component" if what == "area" else "energy_by_component"
        return _side_by_side([getattr(each, parts) for each in self.found])

    def by_op(self, what: str = "energy") -> dict[str, tuple[float, float]]:
        """Return the energy of work per sequence in J of both, op by op.

        Or the seconds a batch loads, computes and stores, by `what`: `load`, `compute`,
        `store`. Ops of one name are added.
        """
        one_of("what", what, WORK)
        columns = []
        for each in self.found:
            column = each.op_energy if what == "energy" else each.op_busy[what]
            sums: dict[str, float] = {}
            for name, value in zip(each.op_names, column, strict=True):
                sums[name] = sums.get(name, 0.0) + float(value)
            columns.append(sums)
        return _side_by_side(columns)


def compare(
    a: DesignLike,
    b: DesignLike,
    workload: WorkloadLike,
    *,
    metric: str = "energy",
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
    names: tuple[str, str] | None = None,
) -> Comparison:
    """Say what tells two machines apart, op by op, part by part, and field by field.

    `dse.compare("tile:edge", "tile:server", "bert-base")` prints it,
    `dse.plot_compare(...)` of the answer draws the way from one to the other. Without a
    technology each has its own; without `names` they are called by the published
    machine that they are, or nearly are. Raises `InputError` for an unknown metric.

    Examples:
        >>> found = dse.compare("tile:edge", "tile:server", "bert-tiny")
        >>> first = found.steps[0]  # what makes most of the difference
        >>> print(f"{first.field}: {first.before} to {first.after}")
        weight_buffer_mib: 8 MiB to 64 MiB
    """
    one_of("metric", metric, SHOWN_UNITS)
    first, run, own = read_question(a, workload, technology, timing)
    other, _, its = read_question(b, workload, technology, timing)
    found = tuple(
        evaluate(machine, run, technology=used, timing=timing)
        for machine, used in ((first, own), (other, its))
    )
    for each in found:
        metric_value(each, metric)
    steps = _steps((first, own), (other, its), run, timing, metric)
    if names is not None and len(texts("names", names, "mine")) != 2:
        raise InputError(f"`names` is {quoted(names)}; give two, one for each machine.")
    told = names or (known_as(first), known_as(other))
    if told[0] == told[1]:
        told = (f"{told[0]} (A)", f"{told[1]} (B)")
    return Comparison(metric, first, other, told, (found[0], found[1]), steps)


def known_as(design: Engine) -> str:
    """Return what a machine is called: `tile:edge`, `tile:edge, PEs 128`, or its kind.

    By a published machine that it differs from in one field at most.
    """
    if isinstance(design, Pair):
        return f"{known_as(design.host)} + {known_as(design.coprocessor)}"
    for name in known_engines():
        kind = find_engine(name)
        if kind is not type(design):
            continue
        unlike = {p: differences(find_preset(name, p), design) for p in kind.presets}
        preset = min(unlike, key=lambda each: len(unlike[each]))
        if not unlike[preset]:
            return f"{name}:{preset}"
        known = design.meanings()
        if len(unlike[preset]) == 1 and known.keys() >= unlike[preset].keys():
            [(field, (_, value))] = unlike[preset].items()
            return f"{name}:{preset}, {field} {known[field].show(value)}"
    return type(design).__name__


def _steps(
    a: Machine, b: Machine, workload: Workload, timing: Timing, metric: str
) -> tuple[Step, ...]:
    """Return the way from one machine to the other, the largest step left first.

    None between machines of different kinds, or through what cannot be.
    """
    if type(a[0]) is not type(b[0]):
        return ()

    def ask(machine: Machine) -> float:
        design, technology = machine
        found = evaluate(design, workload, technology=technology, timing=timing)
        return float(metric_value(found, metric))

    waiting = differences(a[0], b[0])
    if a[1].name != b[1].name:
        waiting[_TECHNOLOGY] = a[1], b[1]
    here, value, steps = a, ask(a), []
    while waiting:
        tried = {}
        for name, (_, after) in waiting.items():
            with suppress(InputError):  # not with the rest as it is
                tried[name] = ask(_changed(here, name, after))
        finite = {name: found for name, found in tried.items() if np.isfinite(found)}
        if not finite:
            return ()
        name = max(finite, key=lambda n: abs(finite[n] - value))
        before, after = waiting.pop(name)
        here, value = _changed(here, name, after), finite[name]
        known = a[0].meanings().get(name)
        shown = (
            [known.show(v) for v in (before, after)] if known else _said(before, after)
        )
        steps.append(Step(name, shown[0], shown[1], value))
    return tuple(steps)


def _changed(machine: Machine, name: str, after: Any) -> Machine:
    design, technology = machine
    if name == _TECHNOLOGY:
        return design, after
    return design.replace(**{name: after}), technology


def differences(a: Record, b: Record) -> dict[str, tuple[Any, Any]]:
    """Return what each field is in both records of one kind, where that differs.

    Fields of parts by their dotted names; labels, and parts of another kind, are one
    field each.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for field in dataclasses.fields(a):  # type: ignore[arg-type]
        one, other = getattr(a, field.name), getattr(b, field.name)
        is_part = isinstance(one, Record) and type(one) is type(other)
        if is_part and not field.metadata.get("static"):
            inner = differences(one, other)
            found |= {f"{field.name}.{name}": pair for name, pair in inner.items()}
        elif not _equal(one, other):
            found[field.name] = one, other
    return found


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.all(one == other))


def _said(before: Any, after: Any) -> list[str]:
    """Return two values that are no numbers in words; of records what differs."""
    if isinstance(before, Technology):
        return [before.name, after.name]
    if isinstance(before, Record) and type(before) is type(after):
        inner = differences(before, after)
        ends = [{n: pair[end] for n, pair in inner.items()} for end in (0, 1)]
        return [", ".join(f"{n}={v}" for n, v in end.items()) for end in ends]
    both = (before, after)
    return [type(v).__name__ if isinstance(v, Record) else str(v) for v in both]


def _side_by_side(
    columns: Sequence[Mapping[str, Any]],
) -> dict[str, tuple[float, float]]:
    one, other = columns
    names = dict.fromkeys([*one, *other])
    both = {n: (float(one.get(n, 0.0)), float(other.get(n, 0.0))) for n in names}
    return dict(sorted(both.items(), key=lambda item: -abs(item[1][1] - item[1][0])))
