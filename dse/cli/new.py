"""`dse new study|engine|technology NAME`: a commented start that works at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from dse.cli.options import Quiet, Verbose
from dse.cli.output import say, written_together
from dse.errors import InputError
from dse.study.file import FILE_NAME

new = typer.Typer(
    name="new",
    help="Begin something of your own: a folder that works at once.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_STARTS = Path(__file__).parents[1] / "starts"
Name = Annotated[
    str,
    typer.Argument(help="Its name, and that of its folder: small letters, digits, _."),
]


@new.command("study")
def study(
    name: Name,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="RESULTS",
            help="Of the machines of a front: the folder of a finished sweep, or a "
            ".parquet that `dse.save` wrote.",
        ),
    ] = None,
    design: Annotated[
        list[int] | None,
        typer.Option(
            help="Of one of those machines, by its number; may be repeated.",
            show_default="all",
        ),
    ] = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write a study: a question over a space of machines, in a study.toml.

    With --from, over machines that were found, to ask again or of another workload.
    """
    if source is not None:
        _write("study", name, lambda path: _found(source, design or [], path))
    elif design:
        raise InputError("--design needs --from: the results that it is a number of.")
    else:
        _write("study", name)
    say(f"Next: dse sweep {name} --out results/{Path(name).name}")


@new.command("engine")
def engine(name: Name, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Write an engine: a systolic array in a package with its tests, to be changed."""
    _write("engine", name)
    say(f"Next: dse check-engine {name}/{name}.py")


@new.command("technology")
def technology(name: Name, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Write a parameter file: numbers of your process, with sources and ranges."""
    _write("technology", name)
    say(f"Next: dse params --check {name}/{name}.toml")


def _found(source: Path, designs: list[int], path: Path) -> dict[str, str]:
    """Return a study, at a path, of machines that were found: its files by name."""
    import numpy as np

    from dse.explore.runs import Runs
    from dse.study.written import study_files
    from dse.sweeps.saved import load

    runs = load(source)
    if not isinstance(runs, Runs):
        raise InputError(f"{source} holds no results; give those of a sweep.")
    for number in designs:
        runs.design(number)  # one that is not there is an error
    return study_files(
        runs.take(np.isin(runs.index, designs)) if designs else runs, path
    )


def _write(
    kind: str,
    name: str,
    own_files: Callable[[Path], dict[str, str]] = lambda path: {},
) -> None:
    """Write the start of a kind into a new folder, all files or none.

    `own_files` makes texts by the path of a study; they stand for those of the start.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InputError(
            f"{name!r} is no name; write small letters, digits and underscores, a "
            "letter first."
        )
    _check_free(kind, name)
    words = {"name": name, "Name": "".join(part.title() for part in name.split("_"))}
    with written_together(Path(name)) as drafts:
        for start in sorted((_STARTS / kind).glob("*.txt")):
            file = start.stem.replace(kind, name) if kind != "study" else start.stem
            text = Template(start.read_text("utf-8")).substitute(words)
            (drafts / file).write_text(text, "utf-8")
        for file, text in own_files(Path(name) / FILE_NAME).items():
            (drafts / file).write_text(text, "utf-8")
    files = ", ".join(sorted(path.name for path in Path(name).iterdir()))
    say(f"Wrote {name}: {files}.")


def _check_free(kind: str, name: str) -> None:
    """Raise `InputError` where a name is taken, here or in `dse`."""
    if os.path.lexists(name):  # a link that leads nowhere, too
        raise InputError(f"`{name}` is there already; give another name.")
    if kind == "engine":
        from dse.engines.registry import known_engines  # needs JAX

        if name in known_engines():
            raise InputError(f"`{name}` is an engine of dse; give another name.")
    if kind == "technology":
        from dse.hardware.parameters import parameter_files

        if name in parameter_files():
            raise InputError(f"`{name}` is a file that dse ships; give another name.")
