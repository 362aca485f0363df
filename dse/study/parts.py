"""From the file of a study to its parts: machines, workloads, and the space."""

from __future__ import annotations

from typing import Any

from dse.engines.base import Engine, check_ops
from dse.engines.registry import find_engine, find_preset
from dse.errors import InputError, did_you_mean
from dse.evaluation import counted_together
from dse.explore.axes import Tied, tied
from dse.explore.limits import read_limits, with_buildable
from dse.explore.objectives import read_objectives
from dse.explore.space import WORKLOAD_FIELDS, Space, is_of_workload
from dse.hardware.technology import Technology, load_technology
from dse.study.file import StudyFile, StudyTable
from dse.study.sources import study_bibtex, study_sources
from dse.toml_file import TomlFaults
from dse.workload.ops import Workload


def study_parts(file: StudyFile) -> dict[str, Any]:
    """Return the fields of the study that a checked file states.

    Raises one `InputError` with file and line of everything in it that the engine, the
    models or the metrics do not know.
    """
    table, faults = file.table, TomlFaults(file.file)
    with faults.at("engine"):
        find_engine(table.engine)
    if table.host is not None:
        with faults.at("host"):
            find_preset(table.host.engine, table.host.preset)
    faults.tell()
    suite = []
    for number, entry in enumerate(table.workload):
        with faults.at("workload", number):
            suite.append((entry.build(), entry.weight))
    references = {}
    for name, reference in table.reference.items():
        with faults.at("reference", name):
            references[name] = table.machine(reference.preset)
    with faults.at("objectives"):
        read_objectives(tuple(table.objectives))
    with faults.at("limits"):
        counted = counted_together(workload.counted for workload, _ in suite)
        read_limits(table.limits, counted if suite else None)
    with faults.at("preset"):
        design = table.machine(table.preset)
        _try_axes(design, table, faults)
        _try_thresholds(design, [workload for workload, _ in suite], table, faults)
        for number, (workload, _) in enumerate(suite):
            with faults.at("workload", number):
                check_ops(design, workload)
    faults.tell()
    build = Space.listed if table.designs else Space
    return dict(
        name=file.name,
        question=table.question,
        space=build(design, legal=table.legal, **_axes(table), **table.designs),
        suite=tuple(suite),
        why_density=tuple(entry.why_density for entry in table.workload),
        objectives=tuple(table.objectives),
        limits=with_buildable(table.limits, table.buildable),
        references=references,
        reference_batches={
            name: reference.batch
            for name, reference in table.reference.items()
            if reference.batch is not None
        },
        technology=_technology(design, table),
        timing=table.timing,
        accept_foreign_accuracy=table.accept_foreign_accuracy,
        sources=study_sources(table),
        bibtex=study_bibtex(table),
    )


def _technology(design: Engine, table: StudyTable) -> Technology:
    if table.technology is None:
        technology = design.default_technology()
    else:
        technology = load_technology(table.technology)
    return technology if table.node_nm is None else technology.at_node(table.node_nm)


def _axes(table: StudyTable) -> dict[str, Any]:
    """Return the axes; a text ties its field to others."""
    return {
        name: tied(values) if isinstance(values, str) else values
        for name, values in table.space.items()
    }


def _try_axes(design: Engine, table: StudyTable, faults: TomlFaults) -> None:
    """Try every axis, column and rule alone, so that a fault has its line."""
    for name, axis in _axes(table).items():
        with faults.at("space", name):
            _try_axis(design, name, axis)
    for name, column in table.designs.items():
        with faults.at("designs", name):
            _try_axis(design, name, list(dict.fromkeys(column)))
    for reason, rule in table.legal.items():
        with faults.at("legal", reason):
            Space(design, legal={reason: rule}).illegal({})


def _try_thresholds(
    design: Engine, suite: list[Workload], table: StudyTable, faults: TomlFaults
) -> None:
    """Try every threshold of an axis or a column in the curve of every workload."""
    tables = {"space": table.space, "designs": table.designs}
    for place, name in [(place, name) for place, t in tables.items() for name in t]:
        values = tables[place][name]
        # What is tied is known only design by design.
        if not name.startswith("threshold") or isinstance(values, str):
            continue
        axis: Any = list(dict.fromkeys(values))
        for workload in suite:
            with faults.at(place, name):
                Space(design, **{name: axis}).place({name: axis[0]}, workload)


def _try_axis(design: Engine, name: str, axis: Any) -> None:
    known = [*design.meanings(), *WORKLOAD_FIELDS]
    # What is not known might be an argument of `Space` all the same.
    if name not in known and not is_of_workload(name):
        raise InputError(
            f"`{name}` is not a field of `{type(design).__name__}`."
            + did_you_mean(name, known)
        )
    try:
        Space(design, **{name: axis})
    except InputError as error:
        if not isinstance(axis, Tied):
            raise
        say = "A text is an expression over other fields; for values write a list."
        raise InputError(f"{error} {say}") from None
