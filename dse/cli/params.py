"""`dse params`: every number with its unit, its status and its source."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from dse.cli.known import models
from dse.cli.options import Json, Quiet, Verbose
from dse.cli.output import print_json, say
from dse.errors import InputError
from dse.hardware.parameters import Parameters, load_parameters, parameter_files
from dse.hardware.provenance import Parameter
from dse.shipped import hw_params_folder, own_params_folder
from dse.show.text_table import noted_table, prose, text_table
from dse.workload.zoo import read_zoo, zoo

MODELS = "transformers"  # the one file that is a table of models
STATUSES = ("quoted", "derived", "fitted", "assumed")


def params(
    name: Annotated[
        str | None,
        typer.Argument(
            help=f"A parameter file by name or path, or `{MODELS}`; a list of them "
            "where left out."
        ),
    ] = None,
    check: Annotated[
        Path | None, typer.Option(help="Check a parameter file of your own instead.")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            help="With --check: the shipped file whose keys and kinds of unit it must "
            "have; that of the same name where left out."
        ),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Show numbers with unit, status and source.

    Lists the files that hold them, shows one, or checks one of your own.
    """
    if like is not None and (check is None or check.stem == MODELS):
        raise InputError(
            "--like belongs to --check and a parameter file; leave it out here."
        )
    if check is not None:
        if name is not None:
            raise InputError(f"give `{name}` or --check {check}, not both.")
        _check(check, like, as_json)
    elif name is None:
        _list(as_json)
    elif name == MODELS:
        models(as_json=as_json)
    else:
        _show(load_parameters(name), as_json)


def _check(path: Path, like: str | None, as_json: bool) -> None:
    if path.stem == MODELS:
        answer: dict[str, Any] = {"file": str(path), "models": len(read_zoo(path))}
        told = f"{answer['models']} models"
    else:
        parameters = load_parameters(path, like=like)
        counts = _counts(parameters)
        answer = {"file": str(path), "parameters": len(parameters.entries), **counts}
        told = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
        told = f"{len(parameters.entries)} parameters ({told})"
    if as_json:
        print_json(answer)
    else:
        say(f"{path}: {told}; all in order.")


def _list(as_json: bool) -> None:
    rows: list[dict[str, Any]] = []
    for name in sorted(parameter_files()):
        if name != MODELS:
            read = load_parameters(name)
            count = len(read.entries)
            rows.append({"name": name, "parameters": count, **_counts(read)})
    models = {"name": MODELS, "models": len(zoo())}
    if as_json:
        print_json({"parameter_files": rows, "model_files": [models]})
        return
    header = list(rows[0])
    say(text_table(header, [[str(row[key]) for key in header] for row in rows]))
    say(f"\n{MODELS}: the shapes of {len(zoo())} models known by name")
    say(prose(f"\nShow one with `dse params NAME`. They stand in {_folders()}."))


def _folders() -> str:
    own = own_params_folder()
    return f"{hw_params_folder()}" + (f"\nand {own}" if own else "")


def _counts(parameters: Parameters) -> dict[str, int]:
    found = Counter[str](entry.status for entry in parameters.entries.values())
    return {status: found[status] for status in STATUSES}


def _show(parameters: Parameters, as_json: bool) -> None:
    if as_json:
        entries = {
            key: entry.model_dump(exclude_none=True)
            for key, entry in parameters.entries.items()
        }
        print_json({"name": parameters.name, "parameters": entries})
        return
    rows = [
        [key, f"{e.value:.10g}", e.unit, e.status, e.source, _basis(e)]
        for key, e in parameters.entries.items()
    ]
    header = ["parameter", "value", "unit", "status", "source", "where"]
    say(noted_table(header, rows, notes=2))


def _basis(entry: Parameter) -> str:
    """Return the place in the source, and what a value that is not quoted rests on."""
    match entry.status:
        case "derived":
            return f"{entry.where}; = {entry.expression}"
        case "fitted":
            return f"{entry.where}; fitted to {entry.fitted_to}"
        case "assumed":
            unit = "" if entry.unit == "1" else f" {entry.unit}"
            span = f"{entry.low:g} to {entry.high:g}{unit}"
            return f"{entry.where}; may be {span}: {entry.why}"
    return entry.where
