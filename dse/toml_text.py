"""Tables as the text of a TOML file, which Python reads and does not write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDTH = 72  # characters of a list on one line


def toml_text(table: Mapping[str, Any]) -> str:
    """Return a table of texts, numbers, lists and tables as a TOML file.

    What is no table comes first, as TOML wants it; a long list takes several lines,
    and each row of a matrix its own. `tomllib.loads` gives the same table back.
    """
    return "\n".join(_parts((), "", table))


def _parts(path: tuple[str, ...], head: str, table: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table under its head, then the tables in it."""
    plain = {name: value for name, value in table.items() if not _is_table(value)}
    lines = [f"{key_text(name)} = {_value(value)}\n" for name, value in plain.items()]
    if lines or head.startswith("[[") or (head and not table):
        yield head + "".join(lines)
    for name, value in table.items():
        inner = (*path, name)
        dotted = ".".join(map(key_text, inner))
        if isinstance(value, Mapping):
            yield from _parts(inner, f"[{dotted}]\n", value)
        elif _is_table(value):
            for each in value:
                yield from _parts(inner, f"[[{dotted}]]\n", each)


def _is_table(value: Any) -> bool:
    if _is_list(value):
        return bool(value) and all(isinstance(each, Mapping) for each in value)
    return isinstance(value, Mapping)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def key_text(name: str) -> str:
    """Return a key as TOML writes it: in quotes where it is no plain word."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not _is_list(value):
        return repr(value)
    words = [f"{_value(each)}," for each in value]
    if not any(_is_list(each) for each in value):
        line = f"[{' '.join(words).rstrip(',')}]"
        if len(line) <= WIDTH:
            return line
        words = list(_filled(words))
    inner = "\n".join(words).replace("\n", "\n  ")
    return f"[\n  {inner}\n]"


def _filled(words: list[str]) -> Iterator[str]:
    """Yield words in lines."""
    line = ""
    for word in words:
        if line and len(line) + len(word) >= WIDTH:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    yield line


def _text(value: str) -> str:
    """Return a basic string: JSON's, but for the one character that JSON leaves."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
