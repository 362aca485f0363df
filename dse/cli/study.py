"""`dse study`: check the file of a study, or say what may stand in one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose
from dse.cli.output import print_json, say
from dse.errors import InputError
from dse.study.schema import study_schema
from dse.study.study import load_study


def study(
    path: Annotated[
        Path | None,
        typer.Argument(help="A study: its folder, TOML file, or name in dse."),
    ] = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema", help="Print what may stand in a study.toml, as JSON Schema."
        ),
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Check a study without running it, or print the schema of its file.

    All that a sweep would refuse before it searches is told here.
    An editor that knows the schema completes keys, and marks what is wrong.
    """
    if schema == (path is not None):
        raise InputError("give a study to check, or --schema.")
    if path is None:
        print_json(study_schema())
        return
    asked = load_study(path)
    try:
        asked.search(asked.evaluator())
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    told: dict[str, Any] = {
        "name": asked.name,
        "question": asked.question,
        "designs": asked.space.size,
        "workloads": [workload.name for workload, _ in asked.suite],
        "objectives": list(asked.objectives),
        "limits": list(asked.limits),
    }
    if as_json:
        print_json(told)
    else:
        say(f"{path}: {asked.space.size:,} designs; its file is in order.")
