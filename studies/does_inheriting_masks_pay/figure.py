"""The figure of this study: accuracy by ratio, and what inheriting gains."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from plotly.subplots import make_subplots

from dse.measure.n_of_m_curves import gains, mean_and_spread
from dse.show.figure import (
    ACCENT,
    GREY_DARK,
    GREY_LIGHT,
    INK,
    MUTED,
    RULE,
    TINT,
    new_figure,
)

RATIOS = ((4, 8), (2, 8), (1, 8), (2, 4), (1, 4))
LOOK = {
    "one_shot": (GREY_LIGHT, "one-shot, not trained"),
    "frozen": (GREY_DARK, "frozen masks"),
    "sr_ste": (TINT, "SR-STE"),
    "idp": (ACCENT, "IDP"),
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
    figure = make_subplots(
        1,
        2,
        column_widths=[0.56, 0.44],
        horizontal_spacing=0.1,
        subplot_titles=[
            "<b>Accuracy, equal steps per model</b>",
            "<b>What IDP gains over each</b>",
        ],
    )
    figure.update_layout(new_figure(height=400, width=1000).layout)
    figure.update_layout(
        margin={"t": 40, "b": 70}, showlegend=True, bargap=0.35, legend=_LEGEND
    )
    _accuracies(figure, table)
    _gains(figure, table)
    figure.update_xaxes(showline=True, linecolor=RULE)
    figure.update_yaxes(showline=True, linecolor=RULE, gridcolor=RULE)
    figure.update_annotations(font={"size": 14, "color": INK})
    figure.write_image(path)


_LEGEND = {"orientation": "h", "x": 0.0, "y": -0.14, "traceorder": "normal"}


def _accuracies(figure: object, table: pd.DataFrame) -> None:
    longest = table.groupby(["method", "m", "n"])["steps"].transform("max")
    equal = table[table["steps"] == longest]
    for method, (color, words) in LOOK.items():
        own = equal[equal["method"] == method].groupby(["n", "m"])["accuracy"]
        mean, spread = 100 * own.mean(), 100 * own.std()
        figure.add_bar(
            x=[f"{n}:{m}" for n, m in RATIOS],
            y=[mean[ratio] for ratio in RATIOS],
            error_y={"array": [spread[ratio] for ratio in RATIOS], "color": INK},
            marker_color=color,
            name=words,
            row=1,
            col=1,
        )
    dense = table[(table["method"] == "dense") & (table["steps"] > 0)]
    level = 100 * dense["accuracy"].mean()
    figure.add_hline(
        y=level,
        line={"color": INK, "dash": "dot", "width": 1},
        annotation_text=f"dense {level:.1f}",
        annotation_position="top right",
        row=1,
        col=1,
    )
    low = 100 * equal["accuracy"].min()
    figure.update_yaxes(
        title="glosses told right (%)", range=[low - 4, level + 4], row=1, col=1
    )


def _gains(figure: object, table: pd.DataFrame) -> None:
    found = [
        mean_and_spread(gains(table, over=over, per_series=per_series))
        for over, per_series, _ in WAYS
    ]
    figure.add_bar(
        x=[words for *_, words in WAYS],
        y=[100 * mean for mean, _ in found],
        error_y={"array": [100 * spread for _, spread in found], "color": INK},
        marker_color=ACCENT,
        text=[f"{100 * mean:+.1f}" for mean, _ in found],
        textposition="inside",
        showlegend=False,
        row=1,
        col=2,
    )
    figure.add_hline(
        y=STA,
        line={"color": MUTED, "dash": "dash", "width": 1},
        annotation_text=f"STA reports +{STA}",
        annotation_position="top right",
        row=1,
        col=2,
    )
    figure.update_yaxes(title="points, mean of five ratios", row=1, col=2)
