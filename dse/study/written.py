"""From results back to a `study.toml`: a question about machines that were found."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
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
from dse.hardware.technology import read_technology
from dse.study.file import read_study
from dse.study.study import Study, build_study
from dse.toml_file import TomlFile
from dse.toml_text import toml_text
from dse.workload.kinds import TRAINED
from dse.workload.ops import Workload
from dse.workload.zoo import zoo

HEAD = """\
# Machines that were found, each by its own values, to be asked about again: what
# `[[workload]]`, `objectives` and `technology` say may be changed.
"""
WHY = "as in the results that these machines are of"
_REMEDY = "save the results as .parquet, or write the file by hand."


def study_text(runs: Runs, path: Path) -> str:
    """Return the study, to stand at a path, whose machines are the rows of results.

    It asks for the objectives of the front that they are, and answers with the same
    numbers. What a `study.toml` has no words for is refused: a workload of a model
    outside the zoo, a technology or an engine that no name stands for.
    """
    runs.check_any()
    if not runs.objectives:
        raise InputError(
            "a study asks for objectives, and these results are no front; take one: "
            '`dse.pareto(runs, "max:throughput", "min:energy")`.'
        )
    machine, columns = _machine(runs)
    moved = {name for name in columns if is_of_workload(name)}
    table = {
        "question": f"Which of these {len(runs):,} machines is the best?",
        **machine,
        **_technology(runs, path),
        "timing": runs.basis.timing,
        "objectives": [str(objective) for objective in runs.objectives],
        "buildable": not any(runs.cannot_be_built),
        "accept_foreign_accuracy": runs.basis.accept_foreign_accuracy,
        "workload": [
            _workload(workload, moved, path)
            | ({} if weight == 1 else {"weight": weight})
            for workload, weight in runs.basis.suite
        ],
        "designs": columns,
    }
    text = f"{HEAD}\n{toml_text(_plain(table))}"
    read = read_study(TomlFile(path, tomllib.loads(text), text))
    _check(runs, build_study(read), moved)
    return text


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
    names += [_seen_from(path, *used.files)] if len(used.files) == 1 else []
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


def _workload(workload: Workload, moved: set[str], path: Path) -> dict[str, Any]:
    """Return the table of a workload, but for what axes `moved`."""
    found: dict[str, Any] = {"model": workload.model}
    if workload.model not in zoo():
        raise InputError(f"`{workload.model}` is no model of the zoo; {_REMEDY}")
    if "batch" not in moved and workload.batch != 1:
        found["batch"] = int(workload.batch)
    if workload.format is not None:
        found["format"] = workload.format
    if workload.steps:
        found |= {"prompt": workload.prompt, "new_tokens": workload.new_tokens}
        if workload.seq_len < workload.prompt:
            found["chunk"] = workload.seq_len
    elif workload.mode == "decode":
        found |= {"mode": "decode", "context_len": workload.seq_len}
    else:
        found["seq_len"] = workload.seq_len
    if workload.padded_fraction:
        found["padded_fraction"] = workload.padded_fraction
    if workload.name != workload.model:
        found["part"] = "attention"
    if workload.curve is not None and np.ndim(workload.threshold) == 0:
        found["density"] = _seen_from(path, workload.curve.name)
        found["threshold"] = float(workload.threshold)
        found["stand_in"] = bool(workload.curve_misfit(workload.curve))
        return found | {"why_density": WHY}
    shares = {
        "activation_density": _share(workload, "output_density"),
        "weight_density": _share(workload, "weight_density", *TRAINED),
        "kept_pairs": _share(workload, "output_density", "softmax"),
        "kept_first_round": _short(workload.attention.kept_first_round),
    }
    if shares["kept_pairs"] == shares["activation_density"]:
        shares["kept_pairs"] = 1.0
    pruned = {name: share for name, share in shares.items() if share < 1}
    return found | pruned | ({"why_density": WHY} if pruned else {})


def _share(workload: Workload, name: str, *kinds: str) -> float:
    """Return a density of the last op that is of some kinds, or of any."""
    shares = [
        _short(np.asarray(getattr(block.ops, name))[..., place].flat[0])
        for block in workload.blocks
        for place, kind in enumerate(block.ops.kinds)
        if kind in kinds or not kinds
    ]
    return shares[-1] if shares else 1.0


def _short(number: Any) -> float:
    """Return a number; one that single precision has, in the digits of that."""
    short = float(str(np.float32(number)))
    return short if float(np.float32(short)) == float(number) else float(number)


def _seen_from(path: Path, name: str) -> str:
    """Return a name as it is, and the path of a file as a study's folder sees it."""
    return os.path.relpath(name, path.parent) if name.endswith(".toml") else name


def _check(runs: Runs, study: Study, moved: set[str]) -> None:
    """Raise `InputError` where a study would not answer as the results it came of."""
    anyhow = {"batch": 1.0} if "batch" in moved else {}
    for (mine, _), (theirs, _) in zip(study.suite, runs.basis.suite, strict=True):
        told = [hash_of_records(each.replace(**anyhow)) for each in (mine, theirs)]
        if told[0] != told[1]:
            raise InputError(
                f"no [[workload]] says how `{theirs.name}` runs here; {_REMEDY}"
            )
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
