"""How much of the traffic on-demand fetch leaves, by queries that share a fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from dse.show.figure import Figure
from dse.show.style import ACCENT, FONT, FONT_SIZE, GREY_DARK, INK, RULE, TINT

_COLOURS = (TINT, GREY_DARK, ACCENT)


def fetch_figure(
    found: Mapping[str, float], settings: Sequence[float], blocks: Sequence[int]
) -> Figure:
    """Return traffic relative to fetching everything, over the size of a block.

    `found` holds for every setting, as `mix_0.1`, the share of pairs kept (`_kept`) and
    the share of traffic left for a new token (`_decode`) and for blocks of queries, as
    measured (`_block_32`) and for independent choices (`_block_32_bound`).
    """
    figure = Figure()
    for setting, colour in zip(settings, _COLOURS, strict=True):
        name = f"mix_{setting:g}"
        words = f"{found[f'{name}_kept']:.0%} of pairs kept"
        for end, dash in (("", "solid"), ("_bound", "dot")):
            figure.add_trace(
                go.Scatter(
                    x=list(blocks),
                    y=[found[f"{name}_block_{block}{end}"] for block in blocks],
                    mode="lines+markers" if not end else "lines",
                    name=words,
                    showlegend=not end,
                    line={"color": colour, "width": 2.5, "dash": dash},
                )
            )
    for x, y, text in _notes(found, settings, blocks):
        figure.add_annotation(
            x=x, y=y, text=text, showarrow=False, xanchor="left", font={"size": 12}
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


def _notes(
    found: Mapping[str, float], settings: Sequence[float], blocks: Sequence[int]
) -> list[tuple[float, float, str]]:
    """Return (log10 x, y, text) of what the figure says in words."""
    alone = found[f"mix_{settings[-1]:g}_block_{blocks[0]}"]
    return [
        (0.03, alone - 0.05, "one query: also what a new token takes"),
        (0.03, 1.04, "dotted: if queries chose independently of each other"),
    ]
