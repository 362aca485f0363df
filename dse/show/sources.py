"""The sources that a report rests on, one readable line each."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ENTRY = re.compile(r"^@\w+\{\s*([^,\s]+)\s*,", re.MULTILINE)
_FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{(.*?)\}\s*,?\s*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Source:
    """One entry of a bibliography, in plain text."""

    key: str
    authors: str
    title: str
    year: str
    link: str


def read_sources(bibtex: str) -> list[Source]:
    """Return the entries of a BibTeX text; fields that are not there stay empty."""
    starts = [*_ENTRY.finditer(bibtex)]
    ends = [start.start() for start in starts[1:]] + [len(bibtex)]
    return [
        _read(start[1], bibtex[start.end() : end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _read(key: str, text: str) -> Source:
    body = text.rstrip().removesuffix("}")
    fields = {name: _plain(value) for name, value in _FIELD.findall(body)}
    return Source(
        key=key,
        authors=_authors(fields.get("author", "")),
        title=fields.get("title", key),
        year=fields.get("year", ""),
        link=_link(fields),
    )


def _plain(value: str) -> str:
    return " ".join(re.sub(r"[{}]", "", value).split())


def _authors(names: str) -> str:
    """Return the family names: one, two, or the first of several."""
    family = [name.split(",")[0].strip() for name in names.split(" and ") if name]
    if len(family) > 2:
        return f"{family[0]} et al."
    return " and ".join(family)


def _link(fields: dict[str, str]) -> str:
    """Return where an entry can be read; '' for what is no address of the web."""
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    if "eprint" in fields:
        return f"https://arxiv.org/abs/{fields['eprint']}"
    url = fields.get("url", "")
    return url if url.lower().startswith(("https://", "http://")) else ""
