"""`dse league`: four families of machines under one budget."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from dse.cli.options import Json, Quiet, Verbose, shows_progress
from dse.cli.output import check_file, print_json, say
from dse.errors import InputError
from dse.units import parse_quantity


def league(
    node: Annotated[str, typer.Option(help="Process node of all machines.")] = "14nm",
    area: Annotated[str, typer.Option(help="The most area of a chip.")] = "50mm2",
    power: Annotated[
        str | None, typer.Option(help="The most power.", show_default="any")
    ] = None,
    accuracy_drop: Annotated[
        str, typer.Option(help="The most accuracy lost, in points.")
    ] = "1%",
    bandwidth: Annotated[
        str, typer.Option(help="Main-memory bandwidth of all machines.")
    ] = "25.6GB/s",
    draws: Annotated[
        int, typer.Option(min=2, help="Draws of the assumed numbers.")
    ] = 200,
    picture: Annotated[
        Path | None, typer.Option(help="A picture to write, .svg or .html.")
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Let every family's best design play under one budget.

    Says who leads in throughput, energy and energy times delay, what holds each back,
    and how often each wins as assumed numbers move in their ranges.
    """
    budget = {
        "node_nm": parse_quantity(node, "nm") * 1e9,
        "area": parse_quantity(area, "mm^2"),
        "power": None if power is None else parse_quantity(power, "W"),
        "accuracy_drop": parse_quantity(accuracy_drop, "%"),
        "bandwidth_gb_per_s": parse_quantity(bandwidth, "GB/s") / 1e9,
    }
    if picture is not None:
        _check_picture(picture)
    from dse.evidence.league import play
    from dse.show.league_figure import league_figure, write_picture
    from dse.show.league_text import league_json, league_text

    budget["node_nm"] = round(budget["node_nm"] or 0.0, 6)
    found = play(**budget, draws=draws, progress=shows_progress())  # type: ignore[arg-type]
    if as_json:
        print_json(league_json(found))
    else:
        say(league_text(found))
    if picture is not None:
        write_picture(league_figure(found), picture)


def _check_picture(path: Path) -> None:
    if path.suffix not in (".svg", ".html"):
        raise InputError(f"{path} must end in .svg or .html.")
    if path.suffix == ".svg" and importlib.util.find_spec("kaleido") is None:
        raise InputError(
            f"{path}: a picture as .svg needs kaleido: pip install '.[export]'; or "
            "name an .html."
        )
    check_file(path, "--picture")
