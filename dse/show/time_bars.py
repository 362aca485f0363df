"""Where the time of a machine goes: how busy its parts are, and what each op asks."""

from __future__ import annotations

from typing import Any

from dse.evaluation import Metrics
from dse.show.labels import component_label, in_lines, shown_unit
from dse.show.panels import Ends, on_panel, panel_axes, panel_ends, panel_title
from dse.show.scale import Scale
from dse.show.style import (
    ACCENT,
    GREY_DARK,
    GREY_LIGHT,
    Drawing,
    house_layout,
    legend_above,
)
from dse.units import from_si

_ROOM = 110  # pixels between panels that stand below each other
_STAGE_OF = {"main_memory_port": "load", "store_port": "store"}


def stage_of(resource: str) -> str:
    """Return the part of an op that a port or a unit serves: load, compute or store."""
    return _STAGE_OF.get(resource, "compute")


def time_bars(metrics: Metrics, scale: Scale, *, letters: int = 60) -> Drawing:
    """Return the busy share of each port and unit, above three bars an op.

    Names have lines of so many letters.
    """
    unit = scale.units["latency"]
    busy, ops = len(metrics.utilization), len(metrics.op_names)
    whole = (0.0, 1.0)
    height = 154 + 30 * (busy + ops) + _ROOM
    ends = panel_ends([busy, ops], _ROOM / (height - 148))
    first, second = [(whole, (1.0 - high, 1.0 - low)) for low, high in ends]
    layout = house_layout(
        height=height,
        bargap=0.25,
        margin={"l": 130, "r": 24, "t": 92, "b": 56},
        showlegend=True,
        legend=legend_above(),
        annotations=[
            panel_title("<b>How busy ports and units are</b>", *first),
            panel_title("<b>Time that each op asks for</b>", *second),
        ],
        **_share_axes(*first),
        **_op_axes(metrics, unit, *second, letters),
    )
    shares = _shares(metrics, letters)
    return {"data": [shares, *_ops(metrics, unit)], "layout": layout}


def _shares(metrics: Metrics, letters: int) -> dict[str, Any]:
    busy = {name: 100.0 * float(share) for name, share in metrics.utilization.items()}
    order = sorted(busy, key=lambda name: -busy[name])
    colours = [ACCENT if name == metrics.bottleneck else GREY_DARK for name in order]
    return {
        "type": "bar",
        "x": [busy[name] for name in order],
        "y": [in_lines(component_label(name), letters) for name in order],
        "orientation": "h",
        "marker": {"color": colours},
        "text": [f"{busy[name]:.0f} %" for name in order],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{x:.1f} % of the run<extra></extra>",
        "name": "busy",
        "showlegend": False,
        **on_panel(1),
    }


def _share_axes(across: Ends, up: Ends) -> dict[str, Any]:
    title = {"text": "Busy share (%)"}
    return panel_axes(
        1,
        across,
        up,
        x={"tickvals": [0, 50, 100], "range": [0, 115], "title": title},
        y={},
    )


def _ops(metrics: Metrics, unit: str) -> list[dict[str, Any]]:
    limiting = stage_of(metrics.bottleneck)
    names = [component_label(name) for name in metrics.op_names]
    value = f"%{{x:.3g}} {shown_unit(unit)}"
    greys = iter((GREY_DARK, GREY_LIGHT))
    return [
        {
            "type": "bar",
            "x": [from_si(float(t), unit) for t in metrics.op_busy[stage]],
            "y": list(range(len(names))),  # names may repeat, as in a suite
            "orientation": "h",
            "customdata": names,
            "marker": {"color": ACCENT if stage == limiting else next(greys)},
            "hovertemplate": f"%{{customdata}}, {stage}: {value}<extra></extra>",
            "name": stage,
            **on_panel(2),
        }
        for stage in ("load", "compute", "store")
    ]


def _op_axes(
    metrics: Metrics, unit: str, across: Ends, up: Ends, letters: int
) -> dict[str, Any]:
    names = [in_lines(component_label(name), letters) for name in metrics.op_names]
    title = {"text": f"Time ({shown_unit(unit)})"}
    return panel_axes(
        2,
        across,
        up,
        x={"nticks": 6, "title": title},
        y={"tickvals": list(range(len(names))), "ticktext": names},
    )
