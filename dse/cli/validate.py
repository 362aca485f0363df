"""`dse validate`: how far the models are from published or finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose, log, shows_progress
from dse.cli.output import PARTIAL, print_json, say
from dse.errors import InputError
from dse.evidence.registry import VALIDATIONS, Validation, find_validation


def validate(
    system: Annotated[
        str | None,
        typer.Argument(help=f"One of: {', '.join(VALIDATIONS)}.", show_default=False),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Validate with everything there is.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="A CSV in place of the one that comes with dse."),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Compare a model with finished runs or published figures.

    Runs are compared row by row and errors told by quantity. Of a published figure it
    says how far off the model is, whether that is as near as was asked, and whether the
    interval that the model's assumed numbers leave holds it. Where some runs cannot be
    compared, the exit code is 3.
    """
    if everything == (system is not None):
        raise InputError("name one system to validate with, or give --all.")
    if system is None:
        if data is not None:
            raise InputError("--data belongs to one system; name it in place of --all.")
        chosen = VALIDATIONS
    else:
        chosen = {system: find_validation(system)}
    found = {
        name: validation.run(data, progress=shows_progress())
        for name, validation in chosen.items()
    }
    answers = {name: _as_json(answer) for name, answer in found.items()}
    if as_json:
        print_json(answers if system is None else answers[system])
    else:
        for name, answer in found.items():
            heading = f"== {name}\n\n" if system is None else ""
            say(heading + _text(chosen[name], answer))
    notes = [
        note
        for name, answer in answers.items()
        if chosen[name].compares == "runs"
        for note in answer["notes"]
    ]
    for note in notes:
        log.warning(note)
    if notes:
        raise typer.Exit(PARTIAL)


def _text(validation: Validation, answer: Any) -> str:
    from dse.show.evidence_text import claims_text, run_errors_text

    return (run_errors_text if validation.compares == "runs" else claims_text)(answer)


def _as_json(answer: Any) -> Any:
    if isinstance(answer, list):
        return [claim.as_row() for claim in answer]
    return answer
