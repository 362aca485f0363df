"""`dse validate`: how far the models are from published or finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose, log, shows_progress
from dse.cli.output import PARTIAL, check_file, print_json, say
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
    calibration: Annotated[
        bool,
        typer.Option(
            "--calibration",
            help="Say whether error bars of the models hold what they should, every "
            "machine predicted from all others.",
        ),
    ] = False,
    learn: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Learn the error of the models anew from all validations, and write "
            "it to a folder like hw_params/.",
        ),
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
    asked = [system is not None, everything, calibration, learn is not None]
    if sum(asked) != 1:
        raise InputError(
            "name one system to validate with, or give one of --all, --calibration and "
            "--learn."
        )
    if data is not None and (calibration or learn is not None):
        raise InputError("--data belongs to one system; name it.")
    if calibration:
        _calibration(as_json)
        return
    if learn is not None:
        _learn(learn, as_json)
        return
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


def _calibration(as_json: bool) -> None:
    from dse.evidence.calibration import calibrate, summarize
    from dse.show.calibration import calibration_text

    found = summarize(calibrate())
    if as_json:
        print_json(found)
    else:
        say(calibration_text(found))


def _learn(folder: Path, as_json: bool) -> None:
    from dse.evidence.error_learning import learn_anew
    from dse.evidence.error_rows import FILE as ROWS_FILE
    from dse.explore.model_error import FILE
    from dse.show.calibration import learned_text

    for file in (FILE, ROWS_FILE):
        check_file(folder / file, "--learn")
    learned = learn_anew(folder)
    if as_json:
        print_json(learned.as_json())
    else:
        say(learned_text(learned))


def _text(validation: Validation, answer: Any) -> str:
    from dse.show.evidence_text import claims_text, run_errors_text

    return (run_errors_text if validation.compares == "runs" else claims_text)(answer)


def _as_json(answer: Any) -> Any:
    if isinstance(answer, list):
        return [claim.as_row() for claim in answer]
    return answer
