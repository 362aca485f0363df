"""`dse cite`: the BibTeX of what numbers rest on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from dse.cli.options import Json, Quiet, Verbose
from dse.cli.output import print_json, say
from dse.errors import InputError, did_you_mean
from dse.files import is_folder
from dse.hardware.citations import cite as find_bibtex
from dse.hardware.citations import parse_bibtex, read_bibtex
from dse.hardware.parameters import load_parameters
from dse.shipped import hw_params_folder
from dse.toml_file import read_toml
from dse.workload.zoo import zoo

_BETWEEN_ENTRIES = re.compile(r"\n\n(?=@)")


def cite(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Parameter files, models, keys of references.bib, or folders of "
            "studies; all that dse rests on where left out.",
        ),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Print the BibTeX behind the numbers.

    The field `checked` of an entry says on which day it was held against what; those
    without it are named at the end, and so is how many figures of a parameter file are
    quoted, derived or fitted, and which are assumed.
    """
    wanted = names or list(_references())
    texts = [t for name in wanted for t in _BETWEEN_ENTRIES.split(_bibtex(name))]
    bibtex = "\n\n".join(dict.fromkeys(texts))
    checked = _checked(texts)
    figures = {name: _figures(name) for name in wanted if _is_parameters(name)}
    if as_json:
        told = {"names": wanted, "bibtex": bibtex, "checked": checked}
        print_json({**told, "figures": figures})
        return
    say(bibtex)
    for model in (name for name in wanted if name in zoo()):
        held = zoo()[model].checked
        say(f"\n% Sizes of {model}: {held or 'not held against their source'}")
    for name, by_status in figures.items():
        counts = ", ".join(f"{len(keys)} {how}" for how, keys in by_status.items())
        assumed = ", ".join(by_status.get("assumed", ())) or "none"
        say(f"\n% Figures of {name}: {counts}. Assumed: {assumed}")
    unchecked = [key for key, how in checked.items() if not how]
    if unchecked:
        say("\n% Not held against their source: " + ", ".join(unchecked))


def _checked(texts: list[str]) -> dict[str, str | None]:
    """Return by key how entries were held against their source; None: they were not."""
    entries = parse_bibtex("\n\n".join(dict.fromkeys(texts)))
    return {key: entry.checked or None for key, entry in entries.items()}


def _bibtex(name: str) -> str:
    path = Path(name)
    if is_folder(path) or (
        path.suffix == ".toml" and "question" in read_toml(path).data
    ):
        from dse.study.file import read_study_file
        from dse.study.sources import study_bibtex

        return study_bibtex(read_study_file(path).table)
    if name in zoo():
        return find_bibtex(zoo()[name].source)
    if name in _references():
        return find_bibtex(name)
    files = [file.stem for file in hw_params_folder().glob("*.toml")]
    if path.suffix == ".toml" or name in files:
        parameters = load_parameters(name)
        return find_bibtex(parameters.sources(), beside=parameters.path.parent)
    raise InputError(
        f"`{name}` is no parameter file, model, key of references.bib or folder of a "
        "study." + did_you_mean(name, [*files, *zoo(), *_references()])
    )


def _is_parameters(name: str) -> bool:
    path = Path(name)
    if path.suffix == ".toml" and not is_folder(path):
        return "question" not in read_toml(path).data
    return name in {file.stem for file in hw_params_folder().glob("*.toml")} - {*zoo()}


def _figures(name: str) -> dict[str, list[str]]:
    """Return the keys of a parameter file by how its figures are known."""
    found: dict[str, list[str]] = {}
    for key, entry in load_parameters(name).entries.items():
        found.setdefault(entry.status, []).append(key)
    return found


def _references() -> list[str]:
    return list(read_bibtex(hw_params_folder() / "references.bib"))
