"""Traced models in a folder, so that the next process need not trace them anew.

A file holds what `dse evaluate` traced for one form of question: operations, constants
and names, nothing that could run. It is called after a hash of all that follows from:
the form of the question, the code of `dse`, the versions of what computes, and the
machine. Engines from elsewhere, whose code is not known to be the same, are not kept.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dse.compile.function import CompiledFunction, Function
from dse.compile.stored import restored, stored
from dse.errors import InputError
from dse.explore.hashes import hash_of
from dse.explore.model import AnyName
from dse.files import read_bytes, write_whole
from dse.record_json import from_json, to_json
from dse.records import Record
from dse.shipped import hw_params_folder, own_params_folder, versions

MOST = 64  # models in the folder; those that were not used for longest go
_ENDING = ".dse-model"
_PACKAGE = Path(__file__).parents[1]


def in_folder(
    folder: Path, form: Any, trace: Callable[[], CompiledFunction], function: Function
) -> CompiledFunction:
    """Return the model of a form from a folder, or trace it and put it there.

    Whatever is wrong with folder or file, as no room, costs time alone.
    """
    name = _name(form)
    if name is None:
        return trace()
    path = folder / f"{name}{_ENDING}"
    told = _read(path)
    if told is None:
        traced = trace()
        _write(path, traced)
        return traced
    tree = jax.tree.structure(from_json(told["answers"]))
    return restored(told["function"], function, tree)


def _read(path: Path) -> Any:
    """Return what a file holds; None where it is missing, or not as it was written."""
    try:
        check, _, told = read_bytes(path, "a model").partition(b"\n")
        if check.decode() != hash_of([told]):
            return None
        os.utime(path)
        return json.loads(told)
    except (InputError, OSError, ValueError):
        return None


def _write(path: Path, traced: CompiledFunction) -> None:
    function = stored(traced)
    if function is None:
        return
    answers = jax.tree.map(lambda _: np.zeros(1), traced.answers)
    both = {"function": function, "answers": to_json(answers)}
    told = json.dumps(both).encode()
    try:
        write_whole(path, hash_of([told]).encode() + b"\n" + told)
        kept = sorted(path.parent.glob(f"*{_ENDING}"), key=lambda p: p.stat().st_mtime)
        for old in kept[:-MOST]:
            old.unlink(missing_ok=True)
    except (InputError, OSError):
        pass


def _name(form: Any) -> str | None:
    """Return what a form is kept as; None where it holds what cannot be told."""
    try:
        told = _told(form)
    except _UntoldError:
        return None
    where = platform.node(), platform.machine(), versions()
    return hash_of([told.encode(), repr(where).encode(), _code()])


def _code() -> bytes:
    """Return a hash of what models follow from: all of `dse`, and parameter files."""
    folders = [_PACKAGE, hw_params_folder(), own_params_folder()]
    files = [
        file
        for folder in folders
        if folder is not None
        for file in sorted(folder.rglob("*"))
        if file.suffix in (".py", ".toml") and file.is_file()
    ]
    pieces = (part for file in files for part in (bytes(file), file.read_bytes()))
    return hash_of(pieces).encode()


class _UntoldError(Exception):
    """What could be something else in another process."""


def _told(part: Any) -> str:
    """Return a part of a form in words that tell it from every other."""
    if isinstance(part, jax.tree_util.PyTreeDef):
        node = part.node_data()
        inner = [*(node or ["leaf"]), *part.children()]
        return f"tree({', '.join(map(_told, inner))})"
    if isinstance(part, type):
        if part.__module__.partition(".")[0] not in ("dse", "builtins"):
            raise _UntoldError
        return f"{part.__module__}.{part.__qualname__}"
    if isinstance(part, Record):
        names = [f.name for f in dataclasses.fields(part)]  # type: ignore[arg-type]
        return _told((type(part), [(name, getattr(part, name)) for name in names]))
    if type(part) in (tuple, list):
        return f"{type(part).__name__}({', '.join(map(_told, part))})"
    if isinstance(part, AnyName):
        return "any name"
    if part is None or type(part) in (bool, int, float, str):
        return repr(part)
    raise _UntoldError
