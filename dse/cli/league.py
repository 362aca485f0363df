"""`dse league`: four families of machines under one budget."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from dse.cli.options import Json, Quiet, Verbose, shows_progress
from dse.cli.output import check_file, print_json, say
from dse.errors import InputError
from dse.units import from_si, parse_quantity


def league(
    node: Annotated[str, typer.Option(help="Process node of all machines.")] = "14nm",
    area: Annotated[str, typer.Option(help="The most area of a chip.")] = "50mm2",
    power: Annotated[
        str | None, typer.Option(help="The most power.", show_default="any")
    ] = None,
    accuracy_drop: Annotated[
        str, typer.Option(help="The most accuracy lost, in points.")
    ] = "1%",
    memory: Annotated[
        str, typer.Option(help="Kind of main memory, as ddr4, lpddr5x or hbm2.")
    ] = "ddr4",
    bandwidth: Annotated[
        str | None,
        typer.Option(
            help="Main-memory bandwidth of all machines.",
            show_default="a channel or a stack",
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=2, help="Draws of assumed numbers and model errors.")
    ] = 1000,
    picture: Annotated[
        Path | None, typer.Option(help="A picture to write, .svg or .html.")
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Compare four families of machines, each at its best design under one budget.

    Says which is best in throughput, energy and energy times delay, what limits each,
    and how often each is best as assumed numbers move in their ranges, and models err.
    """
    budget = {
        "node_nm": round(from_si(parse_quantity(node, "nm"), "nm"), 6),
        "area_mm2": from_si(parse_quantity(area, "mm^2"), "mm^2"),
        "power_w": None if power is None else parse_quantity(power, "W"),
        "accuracy_drop": parse_quantity(accuracy_drop, "%"),
        "bandwidth_gb_per_s": bandwidth
        and from_si(parse_quantity(bandwidth, "GB/s"), "GB/s"),
    }
    if picture is not None:
        _check_picture(picture)
    from dse.evidence.league import play
    from dse.show.league_figure import league_figure, write_picture
    from dse.show.league_text import league_json, league_text

    found = play(**budget, memory=memory, draws=draws, progress=shows_progress())  # type: ignore[arg-type]
    if as_json:
        print_json(league_json(found))
    else:
        say(league_text(found))
    if picture is not None:
        write_picture(league_figure(found), picture)


def _check_picture(path: Path) -> None:
    if path.suffix not in (".svg", ".html"):
        raise InputError(
            f"`--picture` is {path}; give a name that ends in .svg or .html."
        )
    if path.suffix == ".svg" and importlib.util.find_spec("kaleido") is None:
        raise InputError(
            f"`{path}`: a picture as .svg needs kaleido: pip install '.[export]'; or "
            "name an .html."
        )
    check_file(path, "--picture")
