"""`dse compare` and `dse explain`: what tells machines apart, and where costs go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dse.cli.options import Batch, Json, Model, Quiet, SeqLen, Verbose
from dse.cli.output import check_file, print_json, say
from dse.cli.own import engine_name
from dse.errors import InputError
from dse.files import exists
from dse.workload.spec import read_options

if TYPE_CHECKING:  # needs JAX
    from dse.engines.base import Engine
    from dse.explore.basis import Basis
    from dse.explore.space import Space

_MACHINE = (
    "A machine: ENGINE:PRESET, where ENGINE may be a Python file; a design that was "
    "saved (.json); or a design of a study or of a finished sweep by its number, as "
    "PLACE#NUMBER."
)


def compare(
    a: Annotated[str, typer.Argument(help=_MACHINE)],
    b: Annotated[str, typer.Argument(help="The machine to compare it with.")],
    workload: Model,
    metric: Annotated[
        str, typer.Option(help="What is followed from one machine to the other.")
    ] = "energy",
    seq_len: SeqLen = None,
    batch: Batch = 1,
    technology: Annotated[
        str | None,
        typer.Option(
            help="A parameter file by name or path.", show_default="each its own"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file for the picture, ending in .html.")
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Say what tells two machines apart: by field, by part and op by op.

    Goes from one to the other a field at a time, the largest step first.
    """
    run = read_options({"model": workload, "seq_len": seq_len, "batch": batch})
    if out is not None:
        if out.suffix != ".html":
            raise InputError(f"--out {out}: give it a name that ends in .html.")
        check_file(out, "--out")
    import dse
    from dse.show.comparison import comparison_json, comparison_tables, plot_compare

    found = dse.compare(
        read_machine(a),
        read_machine(b),
        run.build(),
        metric=metric,
        technology=technology,
        names=(a, b),
    )
    if out is not None:
        plot_compare(found).write_html(out)
    if as_json:
        print_json(comparison_json(found))
    else:
        say(comparison_tables(found).text)


def explain(
    place: Annotated[
        str, typer.Argument(help="A study, or the folder of a finished sweep.")
    ],
    number: Annotated[int, typer.Argument(min=0, help="The number of a design of it.")],
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Say where time, energy and area of one design of a sweep go.

    By the number in column `design` of its tables; parts sum to totals.
    """
    space, basis = _sweep_of(place)
    _check_number(space, number, place)
    from dse.explore.evaluate import evaluate_suite
    from dse.show.evaluation_text import metrics_text, parts_json
    from dse.show.labels import describe_design, describe_workload
    from dse.show.text_table import prose
    from dse.study.summary import metrics_as_json

    values = {name: float(v) for name, v in space.decode(number).items()}
    placed = [space.place(values, workload) for workload in basis.workloads]
    found = evaluate_suite(placed, basis)
    if as_json:
        labelled = {n: v.item() for n, v in space.labelled(number).items()}
        told = {"values": labelled, "metrics": metrics_as_json(found)}
        print_json({"design": number, **told, **parts_json(found)})
        return
    chosen = describe_design(space, number)
    fields = ", ".join(f"{name} {value}" for name, value in chosen.items())
    runs = "\n".join(describe_workload(run) for _, run in placed)
    said = prose(f"Design {number:,}: {fields}\n\n{runs}")
    say(f"{said}\n\n{metrics_text(found)}")


def read_machine(given: str) -> Engine:
    """Return the machine of `tile:edge`, `design.json` or `results/front#240`.

    In place of an engine's name may stand its Python file, as `mine/systolic.py:large`.
    """
    place, hash_sign, number = given.rpartition("#")
    if hash_sign and re.fullmatch(r"\d+", number):
        space, _ = _sweep_of(place)
        _check_number(space, int(number), place)
        return space.at(int(number))
    import dse
    from dse.engines.base import Engine
    from dse.explore.asked import read_design

    if not given.endswith(".json"):
        engine, colon, preset = given.rpartition(":")
        return read_design(engine_name(engine) + colon + preset)
    machine = dse.load(given)
    if not isinstance(machine, Engine):
        raise InputError(f"{given} holds no design; save one with `dse.save`.")
    return machine


def _sweep_of(place: str) -> tuple[Space, Basis]:
    """Return the space of a finished sweep or of a study, and what answers rest on."""
    from dse.explore.runs import Runs
    from dse.sweeps.saved import FRONT, load

    runs = load(place) if exists(Path(place) / FRONT) else None
    if isinstance(runs, Runs):
        return runs.space, runs.basis
    from dse.study.study import load_study

    study = load_study(place)
    return study.space, study.basis


def _check_number(space: Space, number: int, place: str) -> None:
    if number >= space.size:
        raise InputError(
            f"`{place}` has {space.size:,} designs, numbered from 0, and {number:,} is "
            "none; give one of these."
        )
