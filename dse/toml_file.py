"""TOML files that know on which line every key stands, so that messages can say so."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dse.errors import InputError
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
