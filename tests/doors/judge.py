"""What a refusal must say: where, what is wrong, and what to do."""

from __future__ import annotations

import re

# A sentence, or a part of one behind a semicolon, that tells what to do.
_DOES = (
    "add|ask|break|build|call|change|choose|convert|copy|correct|cut|drop|end|evaluate|"
    "fill|give|install|join|leave|loosen|lower|make|measure|mend|move|name|narrow|pass|pick|plot|"
    "raise|read|register|remove|rename|repeat|replace|return|round|run|save|say|set|"
    "shorten|sort|state|take|try|type|use|widen|write"
)
_REMEDY = re.compile(
    rf"(^|[.;:,?)] |, or |\n)({_DOES})\b|Did you mean|Known: |takes |needs? ",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"`|an axis| nm is |/|\.(toml|json|csv|bib|parquet)|--\w|'|row \d|line \d"
)
LONGEST = 1100  # characters of a line


def has_remedy(text: str) -> bool:
    """Say whether a line tells what to do."""
    return _REMEDY.search(text) is not None


def fault_of_message(text: str) -> str:
    """Return what a message lacks; '' if it is as good as it should be."""
    if not text.strip():
        return "empty"
    if any(not c.isprintable() and c not in "\n\t" for c in text):
        return "control characters"
    if max(map(len, text.splitlines())) > LONGEST:
        return "too long"
    if not _PLACE.search(text):
        return "no place"
    bad = [line for line in text.splitlines() if line.strip()]
    if not any(map(has_remedy, bad)):
        return "no remedy"
    return ""
