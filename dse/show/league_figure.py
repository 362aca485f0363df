"""The league as a picture: every family's best, with error bars, per objective."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dse.evidence.league import OBJECTIVES, League, Player
from dse.explore.objectives import SHOWN_UNITS
from dse.files import write_whole
from dse.show.figure import Figure
from dse.show.style import ACCENT, FONT, FONT_SIZE, GREY_DARK, INK, RULE
from dse.units import from_si

_TITLES = {
    "throughput": "Throughput, seq/s (more is better)",
    "energy": "Energy, mJ per sequence (less is better)",
    "energy_delay": "Energy × delay of a sequence, J s (less is better)",
}


def league_figure(league: League) -> Figure:
    """Return a row of points per objective: the answer, its range, its share of wins.

    Axes are logarithmic; the bar is the middle 90 % of the draws, and the leader of an
    objective stands out.
    """
    names = list(dict.fromkeys(player.family for player in league.players))
    grid = make_subplots(
        cols=1,
        rows=len(OBJECTIVES),
        vertical_spacing=0.13,
        subplot_titles=[_TITLES[objective] for objective in OBJECTIVES],
    )
    for row, objective in enumerate(OBJECTIVES, start=1):
        players = league.of(objective)
        for place, player in enumerate(players):
            grid.add_trace(_point(player, leads=place == 0), row=row, col=1)
        grid.update_yaxes(
            categoryorder="array",
            categoryarray=names[::-1],
            range=[-0.5, len(names) - 0.3],
            row=row,
            col=1,
        )
        ends = [end for player in players for end in _range(player)]
        ticks = _ticks(min(ends), max(ends))
        grid.update_xaxes(
            range=_log_range(ends),
            tickvals=ticks,
            ticktext=[f"{tick:g}" for tick in ticks],
            row=row,
            col=1,
        )
    figure = Figure(grid)
    figure.update_xaxes(type="log", gridcolor=RULE, tickfont_size=11)
    figure.update_yaxes(gridcolor=RULE, tickfont_color=INK)
    figure.update_annotations(
        font={"size": FONT_SIZE, "color": INK}, x=0.0, xanchor="left"
    )
    figure.update_layout(
        showlegend=False,
        width=760,
        height=660,
        plot_bgcolor="white",
        paper_bgcolor="white",
        font={"family": FONT, "size": FONT_SIZE, "color": INK},
        margin={"l": 90, "r": 30, "t": 40, "b": 40},
    )
    return figure


def _point(player: Player, *, leads: bool) -> Any:
    value = from_si(player.answers[player.objective], SHOWN_UNITS[player.objective])
    low, high = _range(player)
    colour = ACCENT if leads else GREY_DARK
    return go.Scatter(
        x=[value],
        y=[player.family],
        mode="markers+text",
        text=[f"{value:.3g}, wins {player.wins:.0%}"],
        textposition="top center",
        textfont={"size": 11, "color": INK},
        cliponaxis=False,
        marker={"size": 11, "color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [max(high - value, 0.0)],
            "arrayminus": [max(value - low, 0.0)],
            "color": colour,
            "thickness": 2,
            "width": 5,
        },
        hovertext=f"{player.family}: bound by {player.bound}",
        hoverinfo="text",
    )


def _range(player: Player) -> tuple[float, float]:
    unit = SHOWN_UNITS[player.objective]
    low, high = (from_si(end, unit) for end in player.ranges[player.objective])
    return low, high


def _log_range(ends: list[float]) -> list[float]:
    """Return the ends of a logarithmic axis with room for labels at both sides."""
    return [math.log10(min(ends)) - 0.15, math.log10(max(ends)) + 0.15]


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers around a range: 1, 1.5, 2, 3, 5 and 7 of each decade."""
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    round_ones = [m * 10.0**d for d in decades for m in (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)]
    return [tick for tick in round_ones if 0.7 * low <= tick <= 1.4 * high]


def write_picture(figure: Figure, path: Path) -> None:
    """Write a figure as .svg (needs the extra `export`) or as its own page, .html."""
    if path.suffix == ".html":
        write_whole(path, figure.to_html(include_plotlyjs=True))
    else:
        write_whole(path, figure.to_image("svg"))
