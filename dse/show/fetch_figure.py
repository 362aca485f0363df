"""How much of the traffic on-demand fetch leaves, by queries that share a fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from dse.show.figure import ACCENT, FONT, FONT_SIZE, GREY_DARK, INK, RULE, TINT, Figure

_COLOURS = (ACCENT, GREY_DARK, TINT)


def fetch_figure(
    found: Mapping[str, float], kept: Sequence[float], blocks: Sequence[int]
) -> Figure:
    """Return traffic relative to fetching everything, over the size of a block.

    `found` holds `prefill_one_in_8_block_32` and `decode_one_in_8_traffic`, shares of
    the traffic without on-demand fetch, for every share of pairs kept.
    """
    figure = Figure()
    for share, colour in zip(kept, _COLOURS, strict=True):
        name = f"one_in_{round(1 / share)}"
        words = f"1 in {round(1 / share)} pairs kept"
        lines = [found[f"prefill_{name}_block_{block}"] for block in blocks]
        figure.add_trace(
            go.Scatter(
                x=list(blocks),
                y=lines,
                mode="lines+markers",
                name=words,
                line={"color": colour, "width": 2.5},
            )
        )
        figure.add_trace(
            go.Scatter(
                x=[blocks[0]],
                y=[found[f"decode_{name}_traffic"]],
                mode="markers",
                marker={"symbol": "star", "size": 14, "color": colour},
                name=f"one new token, {words}",
                showlegend=False,
            )
        )
    figure.add_annotation(
        x=0.0,
        y=found[f"decode_one_in_{round(1 / kept[0])}_traffic"],
        text="★ one new token (decode)",
        xanchor="left",
        yanchor="top",
        xshift=10,
        showarrow=False,
    )
    figure.update_xaxes(
        type="log",
        tickvals=list(blocks),
        title="queries that share a fetch",
        gridcolor=RULE,
    )
    figure.update_yaxes(
        range=[0, 1.08],
        tickformat=".0%",
        title="traffic, relative to fetching all keys and values",
        gridcolor=RULE,
    )
    figure.update_layout(
        width=760,
        height=460,
        plot_bgcolor="white",
        paper_bgcolor="white",
        font={"family": FONT, "size": FONT_SIZE, "color": INK},
        legend={"x": 0.98, "y": 0.05, "xanchor": "right", "yanchor": "bottom"},
        margin={"l": 70, "r": 20, "t": 20, "b": 60},
    )
    return figure
