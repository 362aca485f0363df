"""When ports and units work for the ops of one layer: bars along time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.explore.timeline import LayerTimeline
from dse.show.labels import component_label, in_lines, shown_unit
from dse.show.scale import rounded, scaled_unit
from dse.show.style import (
    ACCENT,
    GREY_DARK,
    GREY_LIGHT,
    INK,
    RULE,
    Drawing,
    house_layout,
    legend_above,
)
from dse.units import from_si

_LOOKS = {
    "load": (GREY_DARK, "white"),
    "compute": (ACCENT, "white"),
    "store": (GREY_LIGHT, INK),
}


@dataclass(frozen=True)
class Schedule:
    """Bars of one layer in a unit of time: begins and lengths `[bars, designs]`."""

    bars: list[tuple[str, str, str]]  # op, port or unit, what it does, in words
    begin: Rows
    length: Rows
    unit: str


def schedule_of(timeline: LayerTimeline) -> Schedule:
    """Return the bars that have a length in some design."""
    spans = [span for span in timeline.spans if np.any(span.end > span.begin)]
    end = np.stack([span.end for span in spans])
    begin = np.stack([span.begin for span in spans])
    unit = scaled_unit(np.max(end, axis=0), "time")
    per = from_si(1.0, unit)
    words = [
        (component_label(timeline.op_names[s.op]), component_label(s.on), s.what)
        for s in spans
    ]
    return Schedule(words, begin * per, (end - begin) * per, unit)


def draw_schedule(found: Schedule, heading: str = "", *, letters: int = 60) -> Drawing:
    """Return the first of some schedules: a row for each port and unit.

    Names of rows have lines of so many letters.
    """
    names = [in_lines(on, letters) for _, on, _ in found.bars]
    rows = list(dict.fromkeys(names))
    unit = shown_unit(found.unit)
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "base": found.begin[places, 0].tolist(),
            "x": found.length[places, 0].tolist(),
            "y": [names[place] for place in places],
            "text": [found.bars[place][0] for place in places],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "textfont": {"color": ink, "size": 12},
            "marker": {"color": colour, "line": {"color": "white", "width": 0.5}},
            "hovertemplate": f"%{{text}}, {what}: from %{{base:.4g}} for %{{x:.4g}} "
            f"{unit}<extra></extra>",
            "name": what,
        }
        for what, (colour, ink) in _LOOKS.items()
        if (places := bars_of(found, what))
    ]
    return {
        "data": data,
        "layout": house_layout(
            height=150 + 44 * len(rows),
            barmode="overlay",
            bargap=0.25,
            margin={"l": 130, "r": 16, "t": 64 if heading else 40, "b": 52},
            showlegend=True,
            legend=legend_above(),
            uniformtext={"minsize": 12, "mode": "hide"},
            xaxis={
                "title": {"text": f"Time ({unit})"},
                "gridcolor": RULE,
                "zeroline": False,
                "nticks": 6,
            },
            yaxis={"autorange": "reversed", "categoryarray": rows},
        )
        | _title(heading),
    }


def _title(heading: str) -> dict[str, Any]:
    if not heading:
        return {}
    return {
        "annotations": [
            {
                "text": heading,
                "font": {"size": 13},
                "showarrow": False,
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
            }
        ]
    }


def bars_of(found: Schedule, what: str) -> list[int]:
    """Return which bars load, compute or store."""
    return [i for i, (_, _, kind) in enumerate(found.bars) if kind == what]


def schedule_data(found: Schedule) -> list[dict[str, Any]]:
    """Return schedules as plain data: for each trace begins and lengths of its bars."""

    def rows(table: Rows, places: Sequence[int]) -> list[list[float]]:
        return [rounded(table[place]) for place in places]

    groups = [places for what in _LOOKS if (places := bars_of(found, what))]
    return [
        {"base": rows(found.begin, places), "x": rows(found.length, places)}
        for places in groups
    ]
