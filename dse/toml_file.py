"""TOML files that know the line of every key, and tell all their faults at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dse.errors import Faults, InputError, did_you_mean, quoted
from dse.files import TOO_DEEP, check_tree, read_text

LARGEST = 4 * 2**20  # bytes: larger ones take seconds to read

# What ends the last line of a value over several lines, and few lines inside one.
_MAY_END = re.compile(r"""^\s*[\]}]|[\]}]\s*(#.*)?$|["']{3}""")

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class TomlFile:
    """What a TOML file says, and the line on which it says it."""

    path: Path
    data: dict[str, Any]
    text: str

    @cached_property
    def lines(self) -> Mapping[Key, int]:
        """The line of every key; worked out when the first fault is told."""
        return _lines(self.text)

    def line(self, *key: str | int) -> int:
        """Return the line of a key, or of the nearest table around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)


def read_toml(path: Path) -> TomlFile:
    """Read a TOML file.

    Raises `InputError` with file and line where it is not TOML.
    """
    text = read_text(path, "a TOML file", largest=LARGEST)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column (\d+)\)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        said = str(error).replace(place[0], "") if place else str(error)
        raise InputError(
            f"{path}:{line}: not TOML: {said}; correct this line."
        ) from None
    except RecursionError:
        raise InputError(f"{path}: {TOO_DEEP}.") from None
    except ValueError as error:  # a number or a date that Python cannot hold
        raise InputError(f"{path}: not TOML: {error}; correct it.") from None
    check_tree(data, str(path))
    return TomlFile(path, data, text)


class Table(BaseModel):
    """A table of a file: the descriptions of its keys say what to write for a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    unknown: ClassVar[str] = "is not a key of this table; remove it."


T = TypeVar("T", bound=Table)


class TomlFaults(Faults):
    """What is wrong in a TOML file, each fault with its line."""

    def __init__(self, file: TomlFile) -> None:
        super().__init__()
        self.file = file

    def add(self, key: Key, message: str, part: str = "") -> None:
        """Add one fault at a key of the file; on the line of a part of it, if any."""
        line = self.file.line(*key, part)
        name = ".".join(each for each in key if isinstance(each, str))
        place = f"{self.file.path}:{line}: {name}: " if name else f"{self.file.path}: "
        self.note(line, place + message)

    @contextmanager
    def at(self, *key: str | int) -> Iterator[None]:
        """Add whatever `InputError` the block raises as a fault at a key."""
        try:
            yield
        except InputError as error:
            self.add(key, str(error))


def read_table(file: TomlFile, table: type[T], context: Any = None) -> T:
    """Return what a file says as a table; raise one `InputError` with all its faults.

    `context` is for the checks of the table.
    """
    try:
        return table.model_validate(file.data, context=context)
    except ValidationError as errors:
        faults = TomlFaults(file)
        for key, message in faults_of(errors, table):
            faults.add(key, message)
        faults.tell()
        raise


def number(
    default: float | None,
    unit: str,
    description: str,
    *,
    example: float,
    **bounds: Any,
) -> Any:
    """Return a key that holds a number: neither true nor a text that reads as one."""
    return entry(description, example, unit, default=default, strict=True, **bounds)


def entry(description: str, example: Any, unit: str = "", **how: Any) -> Any:
    """Return a key with what its page of the reference says, unit and example too."""
    return Field(
        examples=[example],
        json_schema_extra={"unit": unit} if unit else None,
        description=description,
        **how,
    )


def faults_of(
    errors: ValidationError,
    table: type[Table],
    named: Callable[[str], str] | None = None,
) -> list[tuple[Key, str]]:
    """Return the key of every fault, with what is wrong there and what to write.

    Messages begin with the name of the key where it is `named`: where no place is told.
    """
    return [
        (each["loc"], _message(each, table, each["loc"], named))
        for each in errors.errors()
    ]


def _message(
    error: Any, table: type[Table], key: Key, named: Callable[[str], str] | None
) -> str:
    """Return what is wrong at a key of a table, or of a table inside of it."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    fields = table.model_fields
    name = str(key[0])
    inner, deep = _inside(fields[name].annotation) if name in fields else (None, 0)
    if inner is not None and len(key) > deep:
        return _message(error, inner, key[deep:], named)
    place = f"{named(name)} " if named else ""
    if error["type"] == "extra_forbidden":
        return place + table.unknown + did_you_mean(name, fields)
    is_missing = error["type"] == "missing"
    found = "is missing" if is_missing else f"is {quoted(error['input'])}"
    return f"{place}{found}; write {fields[name].description}."


def _inside(annotation: Any) -> tuple[type[Table] | None, int]:
    """Return the table that a key holds, one or several, and how deep it stands."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation, 1
    several = get_origin(annotation) in (list, tuple, dict)
    for each in get_args(annotation):
        inner, deep = _inside(each)
        if inner is not None:
            return inner, deep + several
    return None, 0


def _lines(text: str) -> dict[Key, int]:
    """Map every key to its line: parse the text again, one statement at a time."""
    lines: dict[Key, int] = {}
    tables: dict[Key, int] = {}
    inside: Key = ()
    statement, start, tried = "", 1, False
    for number, line in enumerate(text.split("\n"), 1):
        if not statement:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            start = number
        statement += line + "\n"
        if tried and not _MAY_END.search(line):
            continue
        try:
            found = list(_keys(tomllib.loads(statement)))
        except tomllib.TOMLDecodeError:
            tried = True
            continue  # a value over several lines: wait for its end
        if statement.lstrip().startswith("["):
            inside = found[-1]
            if statement.lstrip().startswith("[["):
                tables[inside] = tables.get(inside, -1) + 1
                inside = (*inside, tables[inside])
            found.append(inside)
        else:
            found = [(*inside, *key) for key in found]
        for key in found:
            lines.setdefault(key, start)
        statement, tried = "", False
    return lines


def _keys(tree: Mapping[str, Any]) -> Iterator[Key]:
    for name, value in tree.items():
        yield (name,)
        if isinstance(value, Mapping):
            for key in _keys(value):
                yield (name, *key)
