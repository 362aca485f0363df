"""`dse merge`: the answer of shards that kept their parts in several places."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dse.cli.answer import check_answer, check_out
from dse.cli.options import Json, Quiet, Verbose, log
from dse.cli.output import PARTIAL
from dse.study.study import load_study


def merge(
    study: Annotated[
        Path, typer.Argument(help="The study that the shards have searched.")
    ],
    places: Annotated[
        list[str], typer.Argument(help="Folders or URLs where shards keep parts.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for front and report; none is written without."),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Join what the shards of a sweep have found.

    The answer is the same to the last byte as that of a sweep in one piece. Where parts
    are missing there is none, and the exit code is 3. What was found stays in place.
    """
    if out is not None:
        check_out(out)
    from dse.sweeps.store import find_store

    stores = [find_store(place) for place in places]
    plan = stores[0].plan
    asked = replace(load_study(study), limits=plan.limits)
    if out is not None:
        check_answer(out, asked, "give --out another folder.")
    from dse.cli.parts import answer
    from dse.sweeps.sweep import join_parts

    found, missing = join_parts(asked, stores)
    if missing:
        shown = ", ".join(f"{part:,}" for part in missing[:10])
        more = ", …" if len(missing) > 10 else ""
        log.warning(
            f"{len(missing):,} of {plan.parts:,} parts are missing: {shown}{more}. Run "
            "the shards that lack them again; an answer without them would be wrong."
        )
        raise typer.Exit(PARTIAL)
    answer(asked, stores[0], found, out=out, as_json=as_json)
