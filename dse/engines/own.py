"""An engine of one's own from a file, or from a module that can be imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from dse.engines.base import Engine
from dse.engines.registry import check_engine_class, known_engines, register_engine
from dse.errors import InputError, did_you_mean, last_line_in
from dse.files import LARGEST, check_regular, is_file, is_folder

_files: set[str] = set()  # of engines that were read


def engine_in(module: str) -> type[Engine]:
    """Return the one engine that a file (ending in .py) or a module defines.

    The file is run, as Python runs any module. Raises `InputError` where there is none
    or several, and where it cannot be run.
    """
    path = Path(module)
    if is_folder(path) and not is_file(path / "__init__.py"):
        raise _folder(path)
    found = _import_file(path) if module.endswith(".py") else _import(module)
    own = [
        value
        for value in vars(found).values()
        if isinstance(value, type)
        and issubclass(value, Engine)
        and value.__module__ == found.__name__
    ]
    if len(own) != 1:
        names = ", ".join(sorted(each.__name__ for each in own)) or "none"
        raise InputError(
            f"{module} must define one engine, a class of `dse.Engine`; it defines "
            f"{names}. Write one in it."
        )
    check_engine_class(module, own[0])
    return own[0]


def register_file(path: str) -> str:
    """Make the engine of a file known by the name of the file, and return that."""
    name = Path(path).stem
    register_engine(name, engine_in(path))
    return name


def told_of_own(fault: Exception) -> InputError | None:
    """Return what to tell of a fault in the file of an engine that was read, if it is.

    Raised on the way through one of its lines, whatever the fault is.
    """
    place = last_line_in(_files, fault)
    if not place:
        return None
    name = place.partition(":")[0]
    return InputError(
        f"{place}: {type(fault).__name__}: {fault}. Correct it; `dse check-engine "
        f"{name}` tries all laws of an engine."
    )


def _import_file(path: Path) -> ModuleType:
    check_regular(path, "the Python file of an engine", largest=LARGEST)
    folder, name = str(path.resolve().parent), path.stem
    if folder not in sys.path:  # so that other processes find it as well
        sys.path.append(folder)
    found = _import(name, str(path))
    _files.add(str(found.__file__))
    if Path(found.__file__ or "").resolve() != path.resolve():
        raise InputError(
            f"{path}: `{name}` is the name of another module ({found.__file__}); give "
            "the file another name."
        )
    return found


def _folder(folder: Path) -> InputError:
    """Return the error of a folder given for a file; it names what files there are."""
    files = (path for path in sorted(folder.glob("*.py")) if path.is_file())
    own = [path for path in files if not path.name.startswith(("test_", "_"))]
    if not own:
        return InputError(
            f"`{folder}` is a folder, with no Python file in it; give the file of an "
            "engine, or begin one: `dse new engine NAME`."
        )
    named = str(own[0]) if len(own) == 1 else " or ".join(path.name for path in own)
    return InputError(f"`{folder}` is a folder; give the Python file in it: {named}.")


@contextmanager
def _nothing_beside() -> Iterator[None]:
    """Keep Python from leaving a `__pycache__` beside the files of somebody else."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _import(module: str, place: str = "") -> ModuleType:
    """Return a module; faults are told of its `place`, where that is a file."""
    place = place or f"`{module}`"
    try:
        with _nothing_beside():
            return importlib.import_module(module)
    except ModuleNotFoundError as fault:
        if fault.name and module.partition(".")[0] != fault.name.partition(".")[0]:
            raise InputError(
                f"{place} cannot be run: {fault}; install that."
            ) from fault
        raise InputError(
            f"{place} is no engine, no file ending in .py, and no module that can "
            "be imported." + did_you_mean(module, known_engines())
        ) from None
    except InputError as fault:
        raise InputError(f"{place}: {fault}") from None
    except Exception as fault:  # whatever the code of somebody else raises
        raise InputError(
            f"{place} cannot be run: {type(fault).__name__}: {fault}; correct it."
        ) from fault
