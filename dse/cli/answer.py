"""The answer of a study: told on stdout, and written as files that appear together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dse.cli.options import log
from dse.cli.output import (
    SAID,
    check_folder,
    check_names,
    json_text,
    print_json,
    say,
    written_together,
)
from dse.errors import InputError
from dse.json_file import read_json

if TYPE_CHECKING:  # needs JAX
    from dse.explore.evaluator import Evaluator
    from dse.explore.runs import Runs
    from dse.study.study import Study
    from dse.study.summary import Summary


SUMMARY = "summary.json"  # written first: it tells whose the other files are
FILES = (SUMMARY, "front.parquet", "front.csv", "report.html")
NAMES = (*FILES, "top.parquet", "sample.parquet")  # of all that may be written


def check_out(out: Path) -> None:
    """Raise `InputError` where an answer cannot be written to, by trying it."""
    check_folder(out)
    check_names(out, NAMES)


def check_answer(out: Path, study: Study, remedy: str) -> None:
    """Raise `InputError` where a folder holds files that this study did not write.

    Those are what the answer would replace. The `remedy` is the end of the message.
    """
    there = [name for name in NAMES if (out / name).exists()]
    if there and _asked(out / SUMMARY) != study.hash:
        raise InputError(
            f"{out} holds {', '.join(there)}, which this study did not write: {remedy}"
        )


def _asked(summary: Path) -> str:
    """Return the hash of the study that a summary answers; '' if it is none of ours."""
    try:
        found = read_json(summary, "the summary of a study")
        return str(found["hash"])
    except (InputError, KeyError):
        return ""


def tell(summary: Summary, as_json: bool) -> None:
    """Print what a study found."""
    from dse.show.summary_text import summary_text

    if as_json:
        print_json(summary.to_json())
    else:
        say(summary_text(summary))


def write(
    summary: Summary, evaluator: Evaluator, out: Path, tables: Mapping[str, Runs]
) -> None:
    """Write front, summary and report to a folder, and further tables by name."""
    from pyarrow.parquet import write_table

    from dse.show.report import write_page
    from dse.sweeps.saved import results_table
    from dse.sweeps.table_file import csv_text

    log.info("Writing the report.")
    front = summary.front
    with written_together(out, first=SUMMARY) as drafts:
        for name, rows in {"front": front, **tables}.items():
            with (drafts / f"{name}.parquet").open("wb") as file:
                write_table(results_table(rows), file)  # a path may look like a URI
        text = csv_text(front.columns)
        (drafts / "front.csv").write_text(text, encoding="utf-8")
        text = json_text(summary.to_json())
        (drafts / SUMMARY).write_text(text + "\n", encoding="utf-8")
        write_page(summary, drafts / "report.html", evaluator, SAID.get())
        names = sorted(draft.name for draft in drafts.iterdir())
    log.info(f"Wrote {', '.join(names)} to {out}.")
