"""The answer of a study: told on stdout, and written as files that appear together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dse.cli.options import log
from dse.cli.output import json_text, print_json, written_together

if TYPE_CHECKING:  # needs JAX
    from dse.explore.evaluator import Evaluator
    from dse.explore.runs import Runs
    from dse.explore.summary import Summary


def tell(summary: Summary, as_json: bool) -> None:
    """Print what a study found."""
    from dse.show.summary_text import summary_text

    if as_json:
        print_json(summary.to_json())
    else:
        typer.echo(summary_text(summary))


def write(
    summary: Summary, evaluator: Evaluator, out: Path, tables: Mapping[str, Runs]
) -> None:
    """Write front, summary and report to a folder, and further tables by name."""
    from pyarrow.parquet import write_table

    from dse.runs.table_file import arrow_table, csv_text
    from dse.show.report import write_report

    log.info("Writing the report.")
    study, front = summary.study, summary.front
    columns = front.columns
    with written_together(out) as drafts:
        write_table(arrow_table(columns), drafts / "front.parquet")
        for name, rows in tables.items():
            write_table(arrow_table(rows.columns), drafts / f"{name}.parquet")
        (drafts / "front.csv").write_text(csv_text(columns), encoding="utf-8")
        text = json_text(summary.to_json())
        (drafts / "summary.json").write_text(text + "\n", encoding="utf-8")
        write_report(study, front, drafts / "report.html", evaluator=evaluator)
        names = sorted(draft.name for draft in drafts.iterdir())
    log.info(f"Wrote {', '.join(names)} to {out}.")
