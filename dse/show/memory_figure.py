"""The live values of a layer, op by op: what lies on chip, and what beside it."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from dse.arrays import Rows
from dse.engines.base import Engine
from dse.explore.live_values import LiveValues, live_values
from dse.hardware.technology import Technology
from dse.show.labels import component_label, number, shown_unit
from dse.show.scale import rounded
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
_SEEN = 1e-6  # of what is alive; a smaller part of a value is not drawn
_TALL = 8  # characters; longer names are cut at their spaces
_LEAST_WIDE, _LINE = 400.0, 14.0  # pixels of the plot on a narrow screen, of a line


class LiveBars(NamedTuple):
    """Stacked bars of a layer in a unit, as columns `[designs]`, in the room it fills.

    A value, named by its maker, stands at the steps at which it is alive.
    """

    steps: list[str]
    names: dict[int, str]
    alive: dict[int, list[int]]
    on_chip: dict[int, Rows]
    off_chip: dict[int, Rows]
    top: Rows  # of the step at which most is alive
    capacity: Rows
    room: list[str]
    heading: list[str]
    unit: str


def memory_figure(
    design: Engine, workload: Workload, technology: Technology, *, narrow: bool = False
) -> Drawing:
    """Return stacked bars, one for each step of the block with most ops.

    Names of steps stand upright, in one line, where it is `narrow` or they are many.
    Raises `InputError` for a machine that has no bounded buffer for results.
    """
    bars = live_bars(live_values(design, workload, technology), workload.name)
    return draw_memory(bars, narrow=narrow)


def live_bars(found: LiveValues, workload: str) -> LiveBars:
    """Return the bars of the room that lacks most, in each design."""
    alive = {
        maker: [i for i, one in enumerate(found.moments) if maker in one.alive]
        for maker in sorted(found.bits)
    }
    stacks = np.stack(  # [moments, rooms, designs]
        [np.sum([found.bits[m] for m in one.alive], axis=0) for one in found.moments]
    )
    fullest = np.max(stacks, axis=0)
    room = np.argmax(fullest / found.capacity, axis=0)
    capacity, tops = (np.choose(room, of) / 8.0 for of in (found.capacity, fullest))
    size = {maker: np.choose(room, found.bits[maker]) / 8.0 for maker in alive}
    unit = next((u for u in _UNITS if to_si(1.0, u) <= np.median(tops)), _UNITS[-1])
    per = from_si(1.0, unit)
    off = {maker: size[maker] * found.off_chip[maker] for maker in alive}
    return LiveBars(
        steps=[_step_name(found.ops, moment.ops) for moment in found.moments],
        names={maker: _label(found.ops, maker) for maker in alive},
        alive=alive,
        on_chip={maker: (size[maker] - off[maker]) * per for maker in alive},
        off_chip={maker: off[maker] * per for maker in alive},
        top=tops * per,
        capacity=capacity * per,
        room=[
            _room_name(found.rooms[at], bytes_, far=bytes_ > _IN_VIEW * top)
            for at, bytes_, top in zip(room, capacity, tops, strict=True)
        ],
        heading=[
            _heading(workload, found.layers, float(together), float(batch))
            for together, batch in zip(found.together, found.batch, strict=True)
        ],
        unit=unit,
    )


def _heading(workload: str, layers: int, at_once: float, of: float) -> str:
    name = f"One layer of {workload}" if layers > 1 else workload
    what = f"<b>{name}</b>"
    together, batch = number(at_once), number(of)
    if together == batch:
        several = f"{batch} sequences together"
        return f"{what}<br>{'1 sequence' if batch == '1' else several}"
    return f"{what}<br>{together} of {batch} sequences at a time"


def _room_name(name: str, capacity: float, *, far: bool) -> str:
    own = next((u for u in _UNITS if to_si(1.0, u) <= capacity), _UNITS[-1])
    said = f"{name}: {number(from_si(capacity, own))} {own}"
    return f"{said}, far above" if far else said


def draw_memory(bars: LiveBars, *, narrow: bool = False) -> Drawing:
    """Draw the first of some designs; what of a value is off chip, above the rest."""
    looks = {"on chip": (GREY_LIGHT, INK), "off chip": (ACCENT, "white")}
    seen: set[str] = set()
    data: list[dict[str, Any]] = []
    for name, maker, part in _stacked(bars):
        colour, ink = looks[name]
        label = bars.names[maker]
        data.append(
            {
                "type": "bar",
                "x": bars.alive[maker],
                "y": [float(part[0])] * len(bars.alive[maker]),
                "text": _in_lines(label),
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textfont": {"color": ink, "size": 12},
                "marker": {"color": colour, "line": {"color": "white", "width": 1}},
                "hovertemplate": f"{label}, {name}: %{{y:.3g}} "
                f"{shown_unit(bars.unit)}<extra></extra>",
                "name": name,
                "legendgroup": name,
                "showlegend": name not in seen,
            }
        )
        seen.add(name)
    data.append(_line(bars))
    layout = _layout(bars)
    axis = layout["xaxis"]
    if narrow or _crowded(axis["ticktext"]):
        names = [name.replace("<br>", " ") for name in axis["ticktext"]]
        axis |= {"tickangle": -90, "ticktext": names}
    return {"data": data, "layout": layout}


def memory_data(bars: LiveBars) -> dict[str, Any]:
    """Return bars as plain data: heights of each trace, then what a design is told.

    `[traces, designs]` and `[designs]`; the script of a page repeats a height at the
    steps of its trace.
    """
    return {
        "bars": [rounded(part) for _, _, part in _stacked(bars)],
        "capacity": rounded(bars.capacity),
        "room": bars.room,
        "heading": bars.heading,
        "high": rounded(_high(bars)),
    }


def _stacked(bars: LiveBars) -> list[tuple[str, int, Rows]]:
    """Return the bars that can be seen in some design, those on chip below."""
    least = _SEEN * np.max(bars.top)
    parts = {"on chip": bars.on_chip, "off chip": bars.off_chip}
    return [
        (name, maker, part)
        for name, own in parts.items()
        for maker, part in own.items()
        if np.max(part) > least
    ]


def _high(bars: LiveBars) -> Rows:
    """Return where the axis ends: above all bars, and the line where it is near."""
    near = bars.capacity <= _IN_VIEW * bars.top
    return 1.06 * np.where(near, np.maximum(bars.top, bars.capacity), bars.top)


def _line(bars: LiveBars) -> dict[str, Any]:
    """Return the line of what the room holds, which the legend names."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [-0.5, len(bars.steps) - 0.5],
        "y": [float(bars.capacity[0])] * 2,
        "line": {"color": INK, "width": 2, "dash": "dash"},
        "name": bars.room[0],
        "hoverinfo": "name",
    }


def _layout(bars: LiveBars) -> dict[str, Any]:
    names = bars.steps
    return house_layout(
        height=520,
        barmode="stack",
        bargap=0.0,
        showlegend=True,
        margin={"l": 64, "r": 16, "t": 112, "b": 84},
        title={
            "text": bars.heading[0],
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
            "title": {"text": f"Live values ({shown_unit(bars.unit)})"},
            "range": [0.0, float(_high(bars)[0])],
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
