"""A BibTeX file as a table of entries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dse.files import read_text

_START = re.compile(r"^@\w+\{\s*([^,\s]+)\s*,", re.MULTILINE)
_RELATED = re.compile(r"^\s*related\s*=\s*\{([^}]*)\}", re.MULTILINE)


@dataclass(frozen=True)
class Reference:
    """One entry: its text as it stands in the file, and the entries it brings along."""

    key: str
    text: str
    related: tuple[str, ...]


def read_bibtex(path: Path) -> dict[str, Reference]:
    """Read the entries of a BibTeX file by key, in the order of the file."""
    text = re.sub(r"^%.*$", "", read_text(path, "a BibTeX file"), flags=re.MULTILINE)
    starts = list(_START.finditer(text))
    ends = [*(start.start() for start in starts[1:]), len(text)][: len(starts)]
    entries = {}
    for start, end in zip(starts, ends, strict=True):
        entry = text[start.start() : end].strip()
        related = _RELATED.search(entry)
        keys = re.findall(r"[^,\s]+", related[1]) if related else []
        entries[start[1]] = Reference(start[1], entry, tuple(keys))
    return entries
