"""`dse sweep`: the exact front of a study, and its report."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose, log, shows_progress
from dse.cli.output import check_folder, json_text, print_json, written_together
from dse.explore.study import load_study
from dse.show.text_table import text_table

if TYPE_CHECKING:  # needs JAX, which waits until the file of the study is in order
    from dse.explore.estimate import Estimate
    from dse.explore.study import Study
    from dse.explore.summary import Summary
    from dse.show.background import Sampler

BLOCK_SIZE = 2**17


def sweep(
    study: Annotated[
        Path, typer.Argument(help="The folder of a study, or its TOML file.")
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
    block_size: Annotated[
        int,
        typer.Option(min=1, help="Designs searched at once; changes speed only."),
    ] = BLOCK_SIZE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Find the exact front of a study.

    Prints its knee, its extremes, and where published machines stand against it.

    With --out, writes front.parquet, front.csv, summary.json and report.html, all
    together or none.
    """
    if out is not None:
        check_folder(out)
    asked = load_study(study)
    if limit:
        from dse.explore.limits import read_limits

        read_limits(limit)
        asked = replace(asked, limits=(*asked.limits, *limit))
    log.debug(f"Study {asked.name}: {asked.space}, technology {asked.technology.name}.")
    if dry_run:
        _tell_cost(asked, block_size, as_json)
    else:
        _run(asked, out, block_size, as_json)


def _run(study: Study, out: Path | None, block_size: int, as_json: bool) -> None:
    from dse.explore.summary import summarize
    from dse.show.summary_text import summary_text

    sampler = None
    if out is not None:
        from dse.show.background import Sampler

        sampler = Sampler(study)  # compiles for the report while the search runs
    log.info(f"Searching {study.space.size:,} designs; the first block waits for XLA.")
    front = study.run(progress=shows_progress(), block_size=block_size)
    summary = summarize(study, front)
    if as_json:
        print_json(summary.to_json())
    else:
        typer.echo(summary_text(summary))
    if out is not None:
        log.info("Writing the report.")
        _write(summary, sampler, out)


def _write(summary: Summary, sampler: Sampler | None, out: Path) -> None:
    from dse.show.report import write_report

    study, front = summary.study, summary.front
    table = front.to_pandas()
    with written_together(out) as drafts:
        table.to_parquet(drafts / "front.parquet", index=False)
        table.to_csv(drafts / "front.csv", index=False)
        text = json_text(summary.to_json())
        (drafts / "summary.json").write_text(text + "\n", encoding="utf-8")
        write_report(study, front, drafts / "report.html", sampler=sampler)
        names = sorted(draft.name for draft in drafts.iterdir())
    log.info(f"Wrote {', '.join(names)} to {out}.")


def _tell_cost(study: Study, block_size: int, as_json: bool) -> None:
    """Print what a run would cover, and how long it would take on this machine."""
    from dse.explore.estimate import estimate

    log.info("Running the first blocks, to time them.")
    found = estimate(study, block_size=block_size)
    space = study.space
    if as_json:
        print_json(
            {
                "study": study.name,
                "designs": space.size,
                "axes": {name: list(axis.values) for name, axis in space.axes.items()},
                "tied": {name: tie.expression for name, tie in space.tied.items()},
                "legal": space.legal,
                "block_size": block_size,
                "estimate": _estimate_json(found),
            }
        )
        return
    rows = [
        [name, str(len(axis)), _shortened(", ".join(map(str, axis.values)))]
        for name, axis in space.axes.items()
    ]
    rows += [[name, "-", f"= {tie.expression}"] for name, tie in space.tied.items()]
    typer.echo(f"{study.question}\n\n{text_table(['axis', 'values', ''], rows)}\n")
    for reason, rule in space.legal.items():
        typer.echo(f"Legal if {rule} ({reason}).")
    typer.echo(f"{space.size:,} designs, {_describe(found)}")


def _shortened(text: str) -> str:
    return textwrap.shorten(text, 56, placeholder=" …")


def _describe(found: Estimate) -> str:
    """Return the time of a run in words, with how it was come by."""
    if found.first_designs == found.designs:
        return f"{found.seconds:.0f} s: measured, for one block holds them all."
    pace = found.timed_designs / found.timed
    return (
        f"about {found.seconds:.0f} s: {found.start:.0f} s to compile and run a first "
        f"block of {found.first_designs:,}, then {pace:,.0f} designs/s, measured over "
        f"the next {found.timed_designs:,}. The report is not in it."
    )


def _estimate_json(found: Estimate) -> dict[str, Any]:
    pace = found.timed_designs / found.timed if found.timed_designs else None
    return {
        "seconds": found.seconds,
        "start_seconds": found.start,
        "start_designs": found.first_designs,
        "timed_seconds": found.timed,
        "timed_designs": found.timed_designs,
        "designs_per_second": pace,
    }
