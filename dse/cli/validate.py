"""`dse validate`: how far the models are from published or finished runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose, log, shows_progress
from dse.cli.output import PARTIAL, print_json
from dse.errors import InputError, did_you_mean
from dse.show.text_table import text_table

SYSTEMS = ("acceltran",)
_ERRORS = ("mean", "median", "worst")
_TOTALS = ("cycles", "cycles_without_embedding", "cycles_walk", "energy", "area")


def validate(
    system: Annotated[str, typer.Argument(help=f"One of: {', '.join(SYSTEMS)}.")],
    data: Annotated[
        Path | None,
        typer.Option(help="A CSV of runs; those that come with dse where left out."),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Compare a model with finished runs.

    The runs are those of the system it was built after; errors are told by quantity.
    Where some of them cannot be replayed, the exit code is 3.
    """
    if system not in SYSTEMS:
        meant = did_you_mean(system, SYSTEMS)
        raise InputError(f"there is nothing to validate `{system}` with.{meant}")
    if data is not None and not data.is_file():
        raise InputError(f"{data} is no file; give the path of a CSV of runs.")
    from dse.evidence.acceltran import validate as compare

    found = compare(data, progress=shows_progress())
    if as_json:
        print_json(found)
    else:
        typer.echo("Errors of the model, as shares of what the runs say:\n")
        typer.echo(_table(found["quantities"]))
        for name, group in found["groups"].items():
            kept = {what: group[what] for what in _TOTALS if what in group}
            typer.echo(f"\nAmong them, {name.replace('_', ' ')} models:\n")
            typer.echo(_table(kept))
    for note in found["notes"]:
        log.warning(note)
    if found["notes"]:
        raise typer.Exit(PARTIAL)


def _table(quantities: dict[str, dict[str, Any]]) -> str:
    rows = [
        [
            name.replace("_", " "),
            f"{errors['rows']:,}",
            *(f"{errors[which]:.3%}" for which in _ERRORS),
            _correlation(errors["spearman"]),
        ]
        for name, errors in quantities.items()
    ]
    return text_table(["quantity", "rows", *_ERRORS, "rank correlation"], rows)


def _correlation(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.4f}"
