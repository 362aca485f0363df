"""The figure of this study: accuracy by ratio, and what inheriting gains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from plotly.subplots import make_subplots

from dse.measure.n_of_m_curves import gains, mean_and_spread
from dse.show.figure import new_figure
from dse.show.style import ACCENT, GREY_DARK, INK, MUTED, RULE, TINT

RATIOS = ((4, 8), (2, 8), (1, 8), (2, 4), (1, 4))
LOOK = {  # colour, sign and words
    "one_shot": (MUTED, "x-thin-open", "one-shot, not trained"),
    "frozen": (GREY_DARK, "square", "frozen masks"),
    "sr_ste": (TINT, "diamond", "SR-STE"),
    "idp": (ACCENT, "circle", "IDP"),
}
WAYS = (  # over which method, steps counted how, words
    ("one_shot", False, "one-shot"),
    ("frozen", True, "frozen,<br>per series"),
    ("sr_ste", True, "SR-STE,<br>per series"),
    ("frozen", False, "frozen,<br>per model"),
    ("sr_ste", False, "SR-STE,<br>per model"),
)
STA = 6.7  # points on average over other methods, as STA reports


def draw(table: pd.DataFrame, path: Path) -> None:
    """Write both panels to a file, its format by the ending of its name."""
    titles = ("Accuracy, equal steps per model", "What IDP gains over each")
    figure = make_subplots(
        1,
        2,
        column_widths=[0.54, 0.46],
        horizontal_spacing=0.1,
        subplot_titles=[f"<b>{title}</b>" for title in titles],
    )
    figure.update_layout(new_figure(height=420, width=1000).layout)
    legend = {"orientation": "h", "x": 0.0, "y": -0.16, "traceorder": "normal"}
    figure.update_layout(
        margin={"t": 40, "b": 80}, showlegend=True, bargap=0.4, legend=legend
    )
    figure.update_annotations(font={"size": 14, "color": INK})
    _accuracies(figure, table)
    _gains(figure, table)
    figure.update_xaxes(showline=True, linecolor=RULE)
    figure.update_yaxes(showline=True, linecolor=RULE, gridcolor=RULE, zeroline=True)
    figure.update_yaxes(zerolinecolor=GREY_DARK, zerolinewidth=1)
    figure.write_image(path)


def _accuracies(figure: Any, table: pd.DataFrame) -> None:
    """Draw the accuracies; those far below the others are written, not drawn."""
    longest = table.groupby(["method", "m", "n"])["steps"].transform("max")
    equal = table[table["steps"] == longest]
    trained = equal[~equal["method"].isin(["one_shot", "dense"])]
    floor = 100 * trained["accuracy"].min() - 2.5
    for place, (method, (color, sign, words)) in enumerate(LOOK.items()):
        own = equal[equal["method"] == method].groupby(["n", "m"])["accuracy"]
        mean, spread = 100 * own.mean(), 100 * own.std()
        shown = [ratio for ratio in RATIOS if mean[ratio] > floor]
        figure.add_scatter(
            x=[RATIOS.index(ratio) + 0.15 * (place - 1.5) for ratio in shown],
            y=[mean[ratio] for ratio in shown],
            error_y={"array": [spread[ratio] for ratio in shown], "thickness": 1},
            mode="markers",
            marker={"color": color, "size": 10, "symbol": sign, "line": {"width": 2}},
            name=words,
            row=1,
            col=1,
        )
        for ratio in set(RATIOS) - set(shown):
            figure.add_annotation(
                x=RATIOS.index(ratio) - 0.2,
                y=floor,
                text=f"{words.split(',')[0]}<br>{mean[ratio]:.0f} ↓",
                font={"size": 11, "color": color},
                showarrow=False,
                yanchor="bottom",
                row=1,
                col=1,
            )
    dense = table[(table["method"] == "dense") & (table["steps"] > 0)]
    level = 100 * dense["accuracy"].mean()
    _level(figure, level, f"dense {level:.1f}", column=1)
    figure.update_yaxes(
        title="glosses told right (%)", range=[floor, level + 1.2], row=1, col=1
    )
    figure.update_xaxes(
        title="weights kept",
        tickvals=list(range(len(RATIOS))),
        ticktext=[f"{n}:{m}" for n, m in RATIOS],
        showgrid=False,
        row=1,
        col=1,
    )


def _gains(figure: Any, table: pd.DataFrame) -> None:
    found = [
        mean_and_spread(gains(table, over=over, per_series=per_series))
        for over, per_series, _ in WAYS
    ]
    figure.add_bar(
        x=[words for *_, words in WAYS],
        y=[100 * mean for mean, _ in found],
        error_y={"array": [100 * spread for _, spread in found], "color": INK},
        marker_color=[MUTED, *[ACCENT] * 4],
        showlegend=False,
        row=1,
        col=2,
    )
    for (*_, words), (mean, spread) in zip(WAYS, found, strict=True):
        figure.add_annotation(
            x=words,
            y=100 * (max(mean, 0.0) + spread),
            text=f"{100 * mean:+.1f}",
            showarrow=False,
            yshift=10,
            row=1,
            col=2,
        )
    _level(figure, STA, f"STA reports +{STA}", column=2)
    figure.update_yaxes(title="points, mean of five ratios", row=1, col=2)


def _level(figure: Any, value: float, words: str, *, column: int) -> None:
    figure.add_hline(
        y=value,
        line={"color": INK, "dash": "dot", "width": 1},
        annotation_text=words,
        annotation_position="top right",
        row=1,
        col=column,
    )
