"""The live values of a layer, op by op: what lies on chip, and what beside it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from dse.engines.base import Engine
from dse.explore.live_values import live_values
from dse.hardware.technology import Technology
from dse.schedule.residency import Held
from dse.show.labels import component_label, number, shown_unit
from dse.show.style import (
    ACCENT,
    GREY_LIGHT,
    INK,
    RULE,
    Drawing,
    house_layout,
    legend_above,
)
from dse.units import from_si, to_si
from dse.workload.liveness import BEFORE, ENCODED
from dse.workload.ops import Ops, Workload

_UNITS = ("GiB", "MiB", "KiB", "B")
_IN_VIEW = 3.0  # a buffer so much larger than all that lives is not drawn to scale
_TALL = 8  # characters; longer names are cut at their spaces
_LEAST_WIDE, _LINE = 400.0, 14.0  # pixels of the plot on a narrow screen, of a line


def memory_figure(
    design: Engine, workload: Workload, technology: Technology, *, narrow: bool = False
) -> Drawing:
    """Return stacked bars, one for each step of the block with most ops.

    Names of steps stand upright, in one line, where it is `narrow` or they are many.
    Raises `InputError` for a machine that has no bounded buffer for results.
    """
    blocks = workload.blocks
    block = max(range(len(blocks)), key=lambda i: len(blocks[i].ops))
    held = live_values(design, workload, technology, block)
    drawn = _draw(held, blocks[block].ops, _heading(workload, block, held))
    axis = drawn["layout"]["xaxis"]
    if narrow or _crowded(axis["ticktext"]):
        names = [name.replace("<br>", " ") for name in axis["ticktext"]]
        axis |= {"tickangle": -90, "ticktext": names}
    return drawn


def _heading(workload: Workload, block: int, held: Held) -> str:
    layers = workload.blocks[block].repeats
    name = f"One layer of {workload.name}" if layers > 1 else workload.name
    what = f"<b>{name}</b>"
    together, batch = number(float(held.together)), number(float(workload.batch))
    if together == batch:
        several = f"{batch} sequences together"
        return f"{what}<br>{'1 sequence' if batch == '1' else several}"
    return f"{what}<br>{together} of {batch} sequences at a time"


def _draw(held: Held, ops: Ops, heading: str) -> Drawing:
    """Draw the room that lacks most; what of a value is off chip, above the rest."""
    room = _fullest(held)
    size = {maker: float(bits[room]) / 8.0 for maker, bits in held.bits.items()}
    off = {maker: size[maker] * float(s) for maker, s in held.off_chip.items()}
    on = {maker: size[maker] - off[maker] for maker in size}
    top = max(sum(size[m] for m in moment.alive) for moment in held.moments)
    unit = next((u for u in _UNITS if to_si(1.0, u) <= top), _UNITS[-1])
    steps = range(len(held.moments))

    def bars(part: dict[int, float], name: str, colour: str, ink: str) -> list[Any]:
        shown = [maker for maker in sorted(part) if part[maker] > 1e-6 * top]
        return [
            {
                "type": "bar",
                "x": [s for s in steps if maker in held.moments[s].alive],
                "y": [
                    from_si(part[maker], unit)
                    for s in steps
                    if maker in held.moments[s].alive
                ],
                "text": _in_lines(_label(ops, maker)),
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textfont": {"color": ink, "size": 12},
                "marker": {"color": colour, "line": {"color": "white", "width": 1}},
                "hovertemplate": f"{_label(ops, maker)}, {name}: %{{y:.3g}} "
                f"{shown_unit(unit)}<extra></extra>",
                "name": name,
                "legendgroup": name,
                "showlegend": maker == shown[0],
            }
            for maker in shown
        ]

    capacity = float(held.rooms[room].capacity) / 8.0
    data = [
        *bars(on, "on chip", GREY_LIGHT, INK),
        *bars(off, "off chip", ACCENT, "white"),
        _line(held, room, capacity, unit, top),
    ]
    high = max(top, capacity) if capacity <= _IN_VIEW * top else top
    return {"data": data, "layout": _layout(held, ops, heading, unit, high)}


def _fullest(held: Held) -> int:
    """Return which room is taken up most."""

    def use(room: int) -> float:
        most = max(
            sum(float(held.bits[maker][room]) for maker in moment.alive)
            for moment in held.moments
        )
        return most / float(held.rooms[room].capacity)

    return int(np.argmax([use(room) for room in range(len(held.rooms))]))


def _line(
    held: Held, room: int, capacity: float, unit: str, top: float
) -> dict[str, Any]:
    """Return the line of what the room holds, which the legend names."""
    own = next((u for u in _UNITS if to_si(1.0, u) <= capacity), _UNITS[-1])
    said = f"{held.rooms[room].name}: {number(from_si(capacity, own))} {own}"
    if capacity > _IN_VIEW * top:
        said += ", far above"
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [-0.5, len(held.moments) - 0.5],
        "y": [from_si(capacity, unit)] * 2,
        "line": {"color": INK, "width": 2, "dash": "dash"},
        "name": said,
        "hoverinfo": "name",
    }


def _layout(
    held: Held, ops: Ops, heading: str, unit: str, high: float
) -> dict[str, Any]:
    names = [_step_name(ops, moment.ops) for moment in held.moments]
    return house_layout(
        height=520,
        barmode="stack",
        bargap=0.0,
        showlegend=True,
        margin={"l": 64, "r": 16, "t": 112, "b": 84},
        title={
            "text": heading,
            "font": {"size": 13},
            "x": 0,
            "xref": "paper",
            "y": 0.97,
            "yanchor": "top",
        },
        legend=legend_above(0.92),
        uniformtext={"minsize": 8, "mode": "hide"},
        xaxis={
            "tickvals": list(range(len(names))),
            "ticktext": names,
            "range": [-0.5, len(names) - 0.5],
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={
            "title": {"text": f"Live values ({shown_unit(unit)})"},
            "range": [0.0, 1.06 * from_si(high, unit)],
            "gridcolor": RULE,
            "zeroline": False,
        },
    )


def _label(ops: Ops, maker: int) -> str:
    given = {BEFORE: "input", ENCODED: "encoder"}
    return given.get(maker) or component_label(ops.names[maker])


def _step_name(ops: Ops, places: tuple[int, ...]) -> str:
    """Return the names of some ops in lines; an end that all of them have, once."""
    names = [component_label(ops.names[i]).split() for i in places]
    end: list[str] = []
    while len(names) > 1 and all(len(n) > 1 and n[-1] == names[0][-1] for n in names):
        end.insert(0, names[0][-1])
        names = [name[:-1] for name in names]
    return "<br>".join(_in_lines(" ".join(n)) for n in (*names, end) if n)


def _crowded(names: list[str]) -> bool:
    """Say whether names in lines, turned by a quarter, would lie on each other."""
    lines = [1 + name.count("<br>") for name in names]
    nearest = max((a + b for a, b in itertools.pairwise(lines)), default=0)
    return nearest / 2.0 * _LINE > _LEAST_WIDE / len(names)


def _in_lines(name: str) -> str:
    return name.replace(" ", "<br>") if len(name) > _TALL else name
