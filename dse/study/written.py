"""From results back to a `study.toml`: a question about machines that were found.

A workload that its keys do not say whole stands in a file of its own beside it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jax
import numpy as np

from dse.engines.base import Engine
from dse.engines.pair import Pair
from dse.engines.registry import find_engine, find_preset, known_engines
from dse.errors import InputError
from dse.explore.hashes import hash_of_records
from dse.explore.runs import Runs
from dse.explore.space import is_of_workload
from dse.files import exists, is_file, write_whole
from dse.hardware.technology import read_technology
from dse.study.file import read_study
from dse.study.study import build_study
from dse.study.written_workload import seen_from, workload_table
from dse.toml_file import TomlFile
from dse.toml_text import toml_text

HEAD = """\
# Machines that were found, each by its own values, to be asked about again: what
# `[[workload]]`, `objectives` and `technology` say may be changed.
"""
_REMEDY = "save the results as .parquet, or write the file by hand."


def study_files(runs: Runs, path: Path) -> dict[str, str]:
    """Return the study, to stand at a path, whose machines are the rows of results.

    Its text by its name, after those of the workloads beside it. It asks for the
    objectives of the front that they are, and answers with the same numbers. What no
    study can say is refused: a technology or an engine that no name stands for.
    """
    runs.check_any()
    if not runs.objectives:
        raise InputError(
            "a study asks for objectives, and these results are no front; take one: "
            '`dse.pareto(runs, "max:throughput", "min:energy")`.'
        )
    machine, columns = _machine(runs)
    moved = {name for name in columns if is_of_workload(name)}
    files: dict[str, str] = {}
    table = {
        "question": _question(len(runs)),
        **machine,
        **_technology(runs, path),
        "timing": runs.basis.timing,
        "objectives": [str(objective) for objective in runs.objectives],
        "buildable": not any(runs.cannot_be_built),
        "accept_foreign_accuracy": runs.basis.accept_foreign_accuracy,
        "workload": [
            workload_table(workload, moved, path, files)
            | ({} if weight == 1 else {"weight": weight})
            for workload, weight in runs.basis.suite
        ],
        "designs": columns,
    }
    _check(runs, table, path, files)
    return files | {path.name: _text(table)}


def _question(machines: int) -> str:
    if machines == 1:
        return "What does this machine give?"
    return f"Which of these {machines:,} machines is the best?"


def write_beside(path: Path, files: Mapping[str, str]) -> None:
    """Write files into the folder of a path; of those, only it may be there already.

    Raises `InputError`, before it writes, where another one holds something else.
    """
    new = {}
    for name, text in files.items():
        place = path.with_name(name)
        if place == path or not exists(place):
            new[place] = text
        elif not is_file(place) or place.read_bytes() != text.encode():
            raise InputError(
                f"{place}: is there already, and is not what would be written; move "
                "it, or write the study into another folder."
            )
    for place, text in new.items():
        write_whole(place, text)


def _text(table: Mapping[str, Any]) -> str:
    return f"{HEAD}\n{toml_text(_plain(table))}"


def _machine(runs: Runs) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return engine and preset, and the fields in which machines differ from it."""
    design = runs.space.design
    columns = {name: values.tolist() for name, values in runs.designs.items()}
    if isinstance(design, Pair):
        host = _preset(design.host)
        other = _preset(design.coprocessor)
        named: Engine = Pair(host=find_preset(*host), coprocessor=find_preset(*other))
        table: dict[str, Any] = {
            "engine": other[0],
            "preset": other[1],
            "host": dict(zip(("engine", "preset"), host, strict=True)),
        }
    else:
        engine, preset = _preset(design)
        named = find_preset(engine, preset)
        table = {"engine": engine, "preset": preset}
    for name, meaning in design.meanings().items():
        value = design.number(name)
        if name not in columns and value != named.number(name):
            shown = meaning.choices[int(value)] if meaning.choices else value
            columns[name] = [shown] * len(runs)
    if not columns:  # one machine, a preset as it is
        name = next(iter(design.meanings()))
        columns[name] = [design.number(name)]
    return table, columns


def _preset(design: Engine) -> tuple[str, str]:
    """Return the engine of a machine, and the preset that differs least from it."""
    for name in known_engines():
        kind = find_engine(name)
        if kind is type(design):
            presets = {each: find_preset(name, each) for each in kind.presets}
            return name, min(presets, key=lambda each: _unlike(design, presets[each]))
    raise InputError(
        f"`{type(design).__name__}` has no name that a file could say; register it by "
        "`dse.register_engine`."
    )


def _unlike(one: Engine, other: Engine) -> int:
    """Return in how many fields two machines differ; what no file says counts most."""
    numbers = [bool(one.number(n) != other.number(n)) for n in one.meanings()]
    forms = [str(jax.tree.structure(each)) for each in (one, other)]
    return sum(numbers) + 1000 * (forms[0] != forms[1])


def _technology(runs: Runs, path: Path) -> dict[str, Any]:
    """Return the keys that bring back the technology that results rest on."""
    used = runs.basis.technology
    names: list[str | None] = [None]
    names += [seen_from(path, *used.files)] if len(used.files) == 1 else []
    node = used.nodes_nm()
    for name in names:
        for at in [None, node] if isinstance(node, float) else [None]:
            is_path = name is not None and name.endswith(".toml")
            given = path.parent / name if is_path and name else name
            found = read_technology(given, runs.space.design)
            found = found if at is None else found.at_node(at)
            if hash_of_records(found.values) == hash_of_records(used.values):
                keys = {"technology": name, "node_nm": at}
                return {key: value for key, value in keys.items() if value is not None}
    raise InputError(f"no parameter file holds the numbers of {used.name}; {_REMEDY}")


def _check(
    runs: Runs, table: Mapping[str, Any], path: Path, files: Mapping[str, str]
) -> None:
    """Raise `InputError` where a study would ask of other machines than results do."""
    with TemporaryDirectory() as folder:  # nothing may stand beside the path yet
        for name, text in files.items():
            (Path(folder) / name).write_text(text, "utf-8")
        asked = [
            each | {"model": f"{folder}/{each['model']}"}
            if each["model"] in files
            else each
            for each in table["workload"]
        ]
        text = _text({**table, "workload": asked})
        study = build_study(read_study(TomlFile(path, tomllib.loads(text), text)))
    for row in range(len(runs)):
        if study.space.at(row) != runs.row(row):
            raise InputError(
                f"no preset and fields are design {runs.index[row]}; {_REMEDY}"
            )


def _plain(value: Any) -> Any:
    """Return tables of Python's numbers, whole ones without a fraction."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return int(value)
    return value.item() if isinstance(value, np.generic) else value
