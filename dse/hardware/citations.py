"""Citations: the BibTeX of what a number, and so a result, rests on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dse.errors import InputError, check_kind, did_you_mean
from dse.hardware.bibtex import read_bibtex
from dse.shipped import hw_params_folder


def cite(keys: Iterable[str] | str, *, beside: Path | None = None) -> str:
    """Return the BibTeX entries of the given sources, each once, in the order asked.

    An entry's `related` entries, such as the repository of a paper, follow it. `beside`
    is a folder with a `references.bib` of its own, for sources that `dse` lacks.
    Raises `InputError` for a key that no file holds.
    """
    known = read_bibtex(hw_params_folder() / "references.bib")
    if beside is not None and (beside / "references.bib").is_file():
        known |= read_bibtex(beside / "references.bib")
    wanted = "a key of references.bib, or several in a list"
    check_kind("`keys`", keys, (str, Iterable), wanted)
    waiting = [keys] if isinstance(keys, str) else list(keys)
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
