"""`dse check-engine`, and what else the command line does for engines of one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from dse.cli.options import Json, Quiet, Verbose
from dse.cli.output import print_json, say
from dse.errors import InputError, did_you_mean
from dse.show.text_table import prose


def engine_name(given: str) -> str:
    """Return the name of an engine; one of a Python file is made known by its stem."""
    if not given.endswith(".py"):
        return given
    from dse.engines.own import register_file  # needs JAX

    return register_file(given)


def check_engine(
    module: Annotated[
        str,
        typer.Argument(
            help="An engine: its name, its Python file, or a module that defines it."
        ),
    ],
    preset: Annotated[
        str | None,
        typer.Option(help="The machine to try.", show_default="all of the engine's"),
    ] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Try the laws that take minutes as well.")
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Try on an engine the laws that every engine obeys.

    Parts sum to totals, nothing is negative, more work never takes less, slopes are
    those of differences, and so on: the laws that those of dse are tested by. Prints
    each with "holds", or with what is wrong; then the exit code is 1.
    """
    from dse import check_engine as check
    from dse.engines.own import engine_in
    from dse.engines.registry import find_engine, known_engines

    known = module in known_engines()
    kind = find_engine(module) if known else engine_in(module)
    if preset is not None and preset not in kind.presets:
        raise InputError(
            f"`{kind.__name__}` has no preset `{preset}`."
            + did_you_mean(preset, kind.presets)
        )
    outcomes = check(kind, preset=preset or "", thorough=thorough)
    found = []
    for each in outcomes:
        found.append(each)
        if not as_json:
            say(prose(f"{each.machine}: {each.law}: {each.fault or 'holds'}"))
    broken = sum(bool(each.fault) for each in found)
    if as_json:
        print_json({"engine": kind.__name__, "laws": [e._asdict() for e in found]})
    else:
        say(f"\n{len(found) - broken} of {len(found)} hold.")
    if broken:
        raise typer.Exit(1)
