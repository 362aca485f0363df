"""Citations: the BibTeX of what a number, and so a result, rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import NoneType

from dse.arguments import several
from dse.errors import InputError, check_kind, did_you_mean
from dse.files import read_text
from dse.shipped import hw_params_folder

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


def cite(keys: Iterable[str] | str, *, beside: Path | None = None) -> str:
    """Return the BibTeX entries of the given sources, each once, in the order asked.

    An entry's `related` entries, such as the repository of a paper, follow it. `beside`
    is a folder with a `references.bib` of its own, for sources that `dse` lacks.
    Raises `InputError` for a key that no file holds.

    Examples:
        >>> print(dse.cite("tuli2023acceltran"))
        @article{tuli2023acceltran,
          author  = {Tuli, Shikhar and Jha, Niraj K.},
          ...
    """
    known = read_bibtex(hw_params_folder() / "references.bib")
    folder = "a folder that holds a `references.bib`"
    check_kind("`beside`", beside, (Path, NoneType), folder)
    if beside is not None and (beside / "references.bib").is_file():
        known |= read_bibtex(beside / "references.bib")
    wanted = "a key of references.bib, or several in a list"
    waiting = [*several("keys", [keys] if isinstance(keys, str) else keys, wanted)]
    for key in waiting:
        check_kind("one of `keys`", key, str, wanted)
    cited: dict[str, str] = {}
    while waiting:
        key = waiting.pop(0)
        if key not in known:
            raise InputError(
                f"`{key}` is not in references.bib." + did_you_mean(key, known)
            )
        if key not in cited:
            cited[key] = known[key].text
            waiting = [*known[key].related, *waiting]
    return "\n\n".join(cited.values())
