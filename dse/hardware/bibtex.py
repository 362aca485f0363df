"""A BibTeX file as a table of entries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dse.files import read_text

_START = re.compile(r"^@\w+\{\s*([^,\s]+)\s*,", re.MULTILINE)
_RELATED = re.compile(r"^\s*related\s*=\s*\{([^}]*)\}", re.MULTILINE)

_CHECKED = re.compile(r"^\s*checked\s*=\s*\{(.*?)\},?$", re.MULTILINE)


@dataclass(frozen=True)
class Reference:
    """One entry: its text as it stands in the file, and the entries it brings along.

    `checked` says on which day it was held against what; '' where nobody has said so.
    """

    key: str
    text: str
    related: tuple[str, ...]
    checked: str = ""


def read_bibtex(path: Path) -> dict[str, Reference]:
    """Read the entries of a BibTeX file by key, in the order of the file."""
    return parse_bibtex(read_text(path, "a BibTeX file"))


def parse_bibtex(text: str) -> dict[str, Reference]:
    """Return the entries of a BibTeX text by key, in their order."""
    text = re.sub(r"^%.*$", "", text, flags=re.MULTILINE)
    starts = list(_START.finditer(text))
    ends = [*(start.start() for start in starts[1:]), len(text)][: len(starts)]
    entries = {}
    for start, end in zip(starts, ends, strict=True):
        entry = text[start.start() : end].strip()
        related = _RELATED.search(entry)
        keys = re.findall(r"[^,\s]+", related[1]) if related else []
        held = _CHECKED.search(entry)
        checked = held[1] if held else ""
        entries[start[1]] = Reference(start[1], entry, tuple(keys), checked)
    return entries
