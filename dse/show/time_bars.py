"""Where the time of a machine goes: how busy its parts are, and what each op asks."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dse.evaluation import Metrics
from dse.show.figure import ACCENT, GREY_DARK, GREY_LIGHT, RULE, Figure, new_figure
from dse.show.labels import component_label, scaled_unit, shown_unit
from dse.units import from_si

_STAGE_OF = {"main_memory_port": "load", "store_port": "store"}


def stage_of(resource: str) -> str:
    """Return the part of an op that a port or a unit serves: load, compute or store."""
    return _STAGE_OF.get(resource, "compute")


def time_bars(metrics: Metrics) -> Figure:
    """Return the busy share of each port and unit, beside three bars an op."""
    height = 110 + 30 * len(metrics.op_names)
    figure = Figure(
        make_subplots(
            1,
            2,
            column_widths=[0.3, 0.7],
            horizontal_spacing=0.17,
            subplot_titles=[
                "<b>How busy each port and unit is</b>",
                "<b>Time that each op asks for</b>",
            ],
        )
    )
    figure.update_layout(new_figure(height=height).layout)
    figure.update_layout(
        bargap=0.25,
        margin={"l": 130, "r": 24, "t": 48, "b": 56},
        legend={
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1,
            "yanchor": "bottom",
        },
        showlegend=True,
    )
    _add_shares(figure, metrics)
    _add_ops(figure, metrics)
    figure.update_yaxes(
        autorange="reversed", ticks="", linecolor=GREY_DARK, showline=True
    )
    figure.update_xaxes(gridcolor=RULE, zeroline=False, nticks=6)
    for title, axis in zip(
        figure.layout.annotations, figure.select_xaxes(), strict=True
    ):
        title.update(font={"size": 13}, x=axis.domain[0], xanchor="left")
    return figure


def _add_shares(figure: Figure, metrics: Metrics) -> None:
    busy = {name: 100.0 * float(share) for name, share in metrics.utilization.items()}
    order = sorted(busy, key=lambda name: -busy[name])
    colours = [ACCENT if name == metrics.bottleneck else GREY_DARK for name in order]
    bars = go.Bar(
        x=[busy[name] for name in order],
        y=[component_label(name) for name in order],
        orientation="h",
        marker={"color": colours},
        text=[f"{busy[name]:.0f} %" for name in order],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1f} % of the run<extra></extra>",
        name="busy",
        showlegend=False,
    )
    figure.add_trace(bars, row=1, col=1)
    # As high a bar as an op on the other side, from the top down.
    share = min(1.0, len(order) / len(metrics.op_names))
    figure.update_yaxes(domain=[1.0 - share, 1.0], row=1, col=1)
    figure.update_xaxes(range=[0, 115], title_text="Busy share of the run (%)", col=1)


def _add_ops(figure: Figure, metrics: Metrics) -> None:
    limiting = stage_of(metrics.bottleneck)
    seconds = {stage: [float(t) for t in ts] for stage, ts in metrics.op_busy.items()}
    unit = scaled_unit([max(max(ts) for ts in seconds.values())], "time")
    names = [component_label(name) for name in metrics.op_names]
    places = list(range(len(names)))  # names may repeat, as in a suite
    value = f"%{{x:.3g}} {shown_unit(unit)}"
    greys = iter((GREY_DARK, GREY_LIGHT))
    for stage in ("load", "compute", "store"):
        bars = go.Bar(
            x=[from_si(t, unit) for t in seconds[stage]],
            y=places,
            orientation="h",
            customdata=names,
            marker={"color": ACCENT if stage == limiting else next(greys)},
            hovertemplate=f"%{{customdata}}, {stage}: {value}<extra></extra>",
            name=stage,
        )
        figure.add_trace(bars, row=1, col=2)
    figure.update_xaxes(title_text=f"Time ({shown_unit(unit)})", col=2)
    figure.update_yaxes(tickvals=places, ticktext=names, col=2)
