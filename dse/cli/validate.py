"""`dse validate`: how far the models are from published or finished runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose
from dse.cli.output import print_json
from dse.errors import InputError, did_you_mean
from dse.show.text_table import text_table

SYSTEMS = ("acceltran",)
_ERRORS = ("mean", "median", "worst")


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
    """
    if system not in SYSTEMS:
        raise InputError(
            f"there is nothing to validate `{system}` with."
            + did_you_mean(system, SYSTEMS)
        )
    if data is not None and not data.is_file():
        raise InputError(f"{data} is no file; give the path of a CSV of runs.")
    from dse.evidence.acceltran import validate as compare

    found = compare(data)
    if as_json:
        print_json(found)
        return
    typer.echo("Relative errors of the model against the runs:\n")
    typer.echo(_table(found["quantities"]))
    for note in found["notes"]:
        typer.echo(f"\n{note}")


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
