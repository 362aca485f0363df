"""`dse sweep`: the exact front of a study, and its report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dse.arguments import BLOCK_SIZE
from dse.cli.answer import check_answer, check_out, tell
from dse.cli.cost import tell_cost
from dse.cli.interrupt import end_if_interrupted
from dse.cli.options import (
    AcceptForeign,
    Buildable,
    Json,
    ProofFile,
    ProofFrom,
    ProveSeconds,
    Quiet,
    Verbose,
    log,
    shows_progress,
)
from dse.cli.output import check_file
from dse.errors import InputError
from dse.explore.shard import read_shard
from dse.study.study import load_study
from dse.sweeps.folder import PARTS
from dse.sweeps.kept import read_kept
from dse.units import read_quantity, to_si

if TYPE_CHECKING:  # needs JAX, which waits until the file of the study is in order
    from dse.study.study import Study

_ANOTHER = "give --out another folder, or replace them with --restart."


def sweep(
    study: Annotated[
        Path, typer.Argument(help="A study: its folder, TOML file, or name in dse.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for front and report; none is written without."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say how many designs, and how long it takes."),
    ] = False,
    limit: Annotated[
        list[str] | None,
        typer.Option(help='One more limit, as "area <= 50 mm^2"; may be repeated.'),
    ] = None,
    buildable: Buildable = True,
    accept_foreign_accuracy: AcceptForeign = False,
    keep: Annotated[
        str,
        typer.Option(
            help="What to keep beside the front: top:100 (the best by each objective), "
            "sample:1000 (drawn at random) or all."
        ),
    ] = "front",
    seed: Annotated[int, typer.Option(min=0, help="Seed of that sample.")] = 0,
    shard: Annotated[
        str,
        typer.Option(help="Search a share of the parts only: 3/8, the third of eight."),
    ] = "1/1",
    dask: Annotated[
        str | None,
        typer.Option(help="Search on a Dask cluster: its address, or `local`."),
    ] = None,
    parts: Annotated[
        int | None,
        typer.Option(min=1, help="Parts to cut the work into; changes speed only."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="Folder or URL where parts are kept, if not in --out."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume/--restart",
            help="Go on from what is there, or drop its parts and replace its answer.",
        ),
    ] = True,
    block_size: Annotated[
        int,
        typer.Option(min=1, help="Designs searched at once; changes speed only."),
    ] = BLOCK_SIZE,
    prove: Annotated[
        str | None,
        typer.Option(
            help="Do not search a space whole: prove that no design is better by more "
            'than a gap, as "1 %".'
        ),
    ] = None,
    prove_seconds: ProveSeconds = None,
    proof_file: ProofFile = None,
    proof_from: ProofFrom = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Find the exact front of a study.

    Prints its knee, its extremes, and where published machines stand against it. With
    --prove, finds a front that is exact to a gap, of spaces of any size; Ctrl-C ends
    that as --prove-seconds does, with what is proven so far.

    With --out, writes front.parquet, front.csv, summary.json and report.html, all
    together or none; what was found before an interruption is kept, and the same
    command goes on from there.
    """
    if out is not None:
        check_out(out)
    kept, share = read_kept(keep), read_shard(shard)
    place = store or (None if out is None else str(out / PARTS))
    shared = share.name if prove is None else ""
    if place is None and (shared or dask or parts or kept.kind != "front"):
        raise InputError("--shard, --dask, --parts and --keep need --out: a folder.")
    asked = load_study(study)
    if limit:
        from dse.explore.limits import read_limits

        read_limits(limit)
        asked = replace(asked, limits=(*asked.limits, *limit))
    if not buildable:
        asked = asked.any_design()
    if accept_foreign_accuracy:
        asked = replace(asked, accept_foreign_accuracy=True)
    log.debug(f"Study {asked.name}: {asked.space}, technology {asked.technology.name}.")
    if prove is not None:
        if place or dry_run:
            raise InputError(
                "--prove searches no parts and writes none; leave --out, --store and "
                "--dry-run, and keep what --json prints."
            )
        if proof_file is not None:
            check_file(proof_file, "--proof-file")
        gap = to_si(*read_quantity(prove, "%"))
        given = {
            "seconds": prove_seconds,
            "file": proof_file,
            "go_on": proof_from or (),
            "shard": shard,
        }
        _prove(asked, gap, given, as_json)
    elif prove_seconds is not None or proof_file is not None or proof_from:
        raise InputError(
            '--prove-seconds, --proof-file and --proof-from need --prove, as "1 %".'
        )
    elif dry_run:
        tell_cost(asked, block_size, as_json)
    elif place is None:
        _search(asked, block_size, as_json)
    else:
        from dse.cli.parts import sweep_parts, workplace
        from dse.sweeps.plan import make_plan

        if out is not None and resume and not share.name:
            check_answer(out, asked, _ANOTHER)
        _announce(asked)
        plan = make_plan(
            asked, kept=kept, seed=seed, parts=parts, block_size=block_size
        )
        with workplace(place, plan, shard=share, restart=not resume) as kept_in:
            sweep_parts(
                asked, kept_in, out=out, shard=share, dask=dask, as_json=as_json
            )


def _search(asked: Study, block_size: int, as_json: bool) -> None:
    """Tell the front of a study, and write nothing."""
    from dse.study.summary import summarize

    _announce(asked)
    front = asked.run(progress=shows_progress(), block_size=block_size)
    tell(summarize(asked, front), as_json)


def _prove(asked: Study, gap: float, given: dict[str, Any], as_json: bool) -> None:
    """Tell a front that no design lies beyond by more than a gap."""
    from dse.study.summary import summarize

    log.info(f"Proving a front of {asked.space.size:,} designs.")
    found = asked.prove(gap, **given, progress=shows_progress())
    tell(summarize(asked, found.front, found.proof), as_json)
    end_if_interrupted(found.proof, given["file"])


def _announce(asked: Study) -> None:
    log.info(f"Searching {asked.space.size:,} designs.")
