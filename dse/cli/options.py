"""The options that every verb has, and how loud the program is."""

from __future__ import annotations

import logging
import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from dse.cli.output import say

log = logging.getLogger("dse")


class _ToStderr(logging.Handler):
    """Writes plain lines to whatever stderr is now, beside any progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record), err=True)


_HANDLER = _ToStderr()


def start_logging() -> None:
    """Send what is worth knowing to stderr; `-v` and `-q` say how much that is."""
    log.setLevel(logging.INFO)
    log.propagate = False
    if _HANDLER not in log.handlers:
        log.addHandler(_HANDLER)


def shows_progress() -> bool:
    """Say whether bars are wanted: on a terminal, unless that is to be quiet."""
    return log.isEnabledFor(logging.INFO) and sys.stderr.isatty()


def _louder(wanted: bool) -> bool:
    if wanted:
        log.setLevel(logging.DEBUG)
    return wanted


def _quieter(wanted: bool) -> bool:
    if wanted:
        log.setLevel(logging.WARNING)
    return wanted


def finite(value: float | None) -> float | None:
    """Refuse `nan` and `inf`, which are numbers to the reader of options."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not finite; give a number.")
    return value


Model = Annotated[
    str,
    typer.Option(
        "--workload",
        "--model",
        help="A model of the zoo, or the path of a config.json, of AccelTran's model "
        "dictionary or of a workload that dse.save wrote.",
    ),
]
SeqLen = Annotated[
    int | None, typer.Option(help="Tokens per sequence.", show_default="128")
]
Batch = Annotated[int, typer.Option(min=1, help="Sequences run together.")]
Buildable = Annotated[
    bool,
    typer.Option(
        "--buildable/--no-buildable",
        help="Leave out what cannot be built: larger than a reticle, too hot, worn out "
        "or faster than its logic.",
    ),
]
NumberFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="Bits of weights, activations and cache: int8, w4a16, int4 g128 kv8.",
        show_default="words of the machine",
    ),
]
AcceptForeign = Annotated[
    bool,
    typer.Option(
        "--accept-foreign-accuracy",
        help="Let accuracies that were measured on another model or length decide.",
    ),
]
ProveSeconds = Annotated[
    float | None, typer.Option(help="Longest time of a proof.", callback=finite)
]
ProofFile = Annotated[
    Path | None,
    typer.Option(
        help="Where to write the proof, for a second program to check, or to go on."
    ),
]
ProofFrom = Annotated[
    list[Path] | None,
    typer.Option(
        help="A file of a proof to go on with, or one of each share; may be repeated."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Say more on stderr.", callback=_louder)
]
Quiet = Annotated[
    bool,
    typer.Option(
        "-q", "--quiet", help="No notes, no progress bars.", callback=_quieter
    ),
]
