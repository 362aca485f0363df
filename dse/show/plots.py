"""Plots for notebooks and reports: fronts, where costs and time go, what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType

import numpy as np

from dse.arguments import flag
from dse.errors import InputError, check_kind
from dse.evaluation import Metrics, counted_together
from dse.explore.asked import (
    DesignLike,
    TechnologyLike,
    WorkloadLike,
    read_question,
)
from dse.explore.objectives import read_objectives
from dse.explore.runs import Runs
from dse.explore.timeline import layer_timeline
from dse.show.breakdown import breakdown
from dse.show.figure import Figure, panels_width
from dse.show.front_figures import draw_front
from dse.show.memory_figure import memory_figure
from dse.show.paper import PIXELS, check_width, is_column, on_paper
from dse.show.roofline import draw_roofline, roofline_of
from dse.show.scale import scale_for, scale_of
from dse.show.schedule_figure import draw_schedule, schedule_of
from dse.show.time_bars import time_bars


def plot_front(
    runs: Runs,
    *metrics: str,
    references: Mapping[str, Metrics] | None = None,
    background: Runs | None = None,
    width: float | None = None,
) -> Figure:
    """Show a front over two or three metrics, on log axes; hover to see a design.

    The metrics are the first three objectives of the front unless named, as in
    `plot_front(front, "area", "energy")`. `references` are machines to mark, by name;
    `background` are runs of the whole space, shown as a density behind two metrics.
    `width` in inches sets a figure for a paper, as 3.3 for one column.
    Raises `InputError` for an empty front, or for other than two or three metrics.

    Examples:
        >>> space = dse.Space("tile:edge", pes=[16, 32, 64], batch=[1, 4])
        >>> front = dse.sweep(space, "bert-tiny", front=["max:throughput", "min:area"])
        >>> figure = dse.plot_front(front, width=3.3)
    """
    check_kind("`runs`", runs, Runs, "runs, as `dse.pareto` returns")
    names = metrics or tuple(o.metric for o in runs.objectives)[:3]
    if len(runs) == 0 or len(names) not in (2, 3):
        raise InputError(
            f"plot_front got {len(runs)} designs and {len(names)} metrics; give it a "
            "front that is not empty and two or three metrics, as `throughput`, `area`."
        )
    check_width(width)
    read_objectives(tuple(f"min:{name}" for name in names))  # all known, none twice
    said = "metrics by name, as {'edge': dse.evaluate(edge, bert)}"
    check_kind("`references`", references, (Mapping, NoneType), said)
    for each in (references or {}).values():
        check_kind("one of `references`", each, Metrics, said)
    check_kind("`background`", background, (Runs, NoneType), "runs of the whole space")
    scale = scale_of(runs)
    drawn = draw_front(runs, names, references or {}, scale, background, width=width)
    return Figure(on_paper(drawn, width))


def plot_breakdown(
    metrics: Metrics | Mapping[str, Metrics],
    *,
    shares: bool = False,
    width: float | None = None,
) -> Figure:
    """Show energy per sequence and chip area by component, for one machine or several.

    `plot_breakdown({"edge": dse.evaluate(edge, bert), "server": ...})` puts machines
    side by side: bars of equal length are equal amounts, or with `shares` equal shares
    of their machine's total; ticks and labels give amounts. Components below half a
    percent everywhere are one bar. `width` in inches sets a figure for a paper; where
    there is no room beside each other, machines stand below. Raises `InputError` for no
    machine.

    Examples:
        >>> edge = dse.evaluate("tile:edge", "bert-tiny")
        >>> server = dse.evaluate("tile:server", "bert-tiny")
        >>> figure = dse.plot_breakdown({"edge": edge, "server": server})
    """
    wanted = "what `dse.evaluate` returns"
    check_kind("`metrics`", metrics, (Metrics, Mapping), wanted)
    machines = {"": metrics} if isinstance(metrics, Metrics) else dict(metrics)
    if not machines:
        raise InputError("`metrics` holds no machine; give some by name.")
    for name, one in machines.items():
        check_kind(f"`{name}` of `metrics`", one, Metrics, wanted)
    columns = {
        name: np.asarray([getattr(m, name) for m in machines.values()], float)
        for name in ("energy", "area")
    }
    counted = counted_together(m.counted for m in machines.values())
    scale = scale_for(columns, counted)
    check_width(width)
    drawn = breakdown(
        machines,
        scale,
        shares=flag("shares", shares),
        width=panels_width(len(machines)) if width is None else PIXELS * width,
        character=7.6 if width is None else 6.2,
        **_letters(width),
    )
    return Figure(on_paper(drawn, width))


def plot_time(metrics: Metrics, *, width: float | None = None) -> Figure:
    """Show how busy each port and unit is, and how long ops load, compute and store.

    What holds the machine back, the busiest port or unit, stands out in colour. Loads,
    work and stores of different ops overlap, so bars do not add up to a run. `width` in
    inches sets a figure for a paper.

    Examples:
        >>> figure = dse.plot_time(dse.evaluate("tile:edge", "bert-tiny"), width=7)
    """
    check_kind("`metrics`", metrics, Metrics, "what `dse.evaluate` returns")
    check_width(width)
    drawn = time_bars(metrics, scale_of(metrics), **_letters(width))
    return Figure(on_paper(drawn, width))


def plot_roofline(metrics: Metrics, *, width: float | None = None) -> Figure:
    """Show how fast each op runs beside what the machine and its memory allow.

    Along the axis lie the operations that an op does for each byte it moves off chip,
    at its end those that move none; upwards, the rate that its load, its work and its
    store allow, zeros included: skipping zeros lifts an op above the roof. `width` in
    inches sets a figure for a paper.

    Examples:
        >>> figure = dse.plot_roofline(dse.evaluate("tile:edge", "bert-tiny"))
    """
    check_kind("`metrics`", metrics, Metrics, "what `dse.evaluate` returns")
    check_width(width)
    size = {} if width is None else {"width": PIXELS * width, "character": 5.5}
    drawn = draw_roofline(roofline_of(metrics), scale_of(metrics), **size)
    return Figure(on_paper(drawn, width))


def plot_schedule(
    design: DesignLike,
    workload: WorkloadLike,
    *,
    technology: TechnologyLike | None = None,
    width: float | None = None,
) -> Figure:
    """Show when ports and units work for the ops of one layer, once runs settle.

    The layer is one of the block with most ops; of a generation, of its prompt. A unit
    that waits for what it streams in is shown at work. `width` in inches sets a figure
    for a paper.

    Examples:
        >>> figure = dse.plot_schedule("tile:edge", "bert-tiny")
    """
    check_width(width)
    given = read_question(design, workload, technology, "walk")
    found = layer_timeline(*given)
    several = f"one of {found.layers} layers" if found.layers > 1 else "one layer"
    heading = f"<b>{given[1].name}: {several}</b>"
    drawn = draw_schedule(schedule_of(found), heading, **_letters(width))
    return Figure(on_paper(drawn, width))


def plot_memory(
    design: DesignLike,
    workload: WorkloadLike,
    *,
    technology: TechnologyLike | None = None,
    width: float | None = None,
) -> Figure:
    """Show which values of a layer live at each step, on chip and off it.

    Drawn is the block with most ops between two of its repeats, for the sequences of
    the batch that run together; where layers differ, their mean. Ops whose results
    stream into each other are one step. A bar holds all that lives as its step ends,
    each value as large as it is stored; a result that takes the room of an operand
    stands for both. What is `off chip` is written to main memory when it is made and
    read back for each use. Of several rooms that a value needs, as for words and masks,
    the one that lacks most is drawn. `width` in inches sets a figure for a paper.
    Raises `InputError` for a machine without a bounded buffer for results.

    Examples:
        >>> figure = dse.plot_memory("tile:edge", "bert-tiny")
    """
    check_width(width)
    given = read_question(design, workload, technology, "walk")
    return Figure(on_paper(memory_figure(*given, narrow=is_column(width)), width))


def _letters(width: float | None) -> dict[str, int]:
    """Return how long the lines of names beside bars are, in a column of a paper."""
    return {"letters": 18} if is_column(width) else {}
