"""The figure of lengths: density, pairs kept, and how they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from plotly.subplots import make_subplots

from dse.show.figure import new_figure
from dse.show.style import ACCENT, GREY_DARK, INK, RULE

TITLES = ("DynaTran, one threshold", "MP-MRF, one mix", "A fifth of the pairs kept")
AXES = ("values left (%)", "pairs left (%)", "keys (%)")
COLOURS = {"mp_mrf": ACCENT, "sprint": INK}
WORDS = {"mp_mrf": "MP-MRF", "sprint": "SPRINT"}


def draw(
    density: pd.DataFrame,
    rounds: pd.DataFrame,
    locality: dict[str, pd.DataFrame],
    path: Path,
) -> None:
    """Write three panels to a file, its format by the ending of its name."""
    titles = [f"<b>{title}</b>" for title in TITLES]
    figure = make_subplots(1, 3, subplot_titles=titles, horizontal_spacing=0.1)
    figure.update_layout(new_figure(height=380, width=1060).layout)
    figure.update_layout(margin={"t": 40, "r": 24, "l": 64})
    line(figure, 1, density["all activations"], INK, "all activations", "top right")
    line(figure, 1, density["probabilities"], ACCENT, "probabilities", "bottom left")
    line(figure, 2, rounds["first round"], GREY_DARK, "first round", "top center")
    line(figure, 2, rounds["kept"], ACCENT, "both rounds", "bottom center")
    for policy, table in locality.items():
        name, colour = WORDS[policy], COLOURS[policy]
        side = "top" if policy == "mp_mrf" else "bottom"
        still = f"{name}: on chip"
        line(figure, 3, table["reuse"], colour, still, f"{side} right")
        asked = f"{name}: asked for"
        line(figure, 3, table["union"], colour, asked, f"{side} center", "dot")
    tokens = list(density.index)
    for column, title in enumerate(AXES, 1):
        at = {"row": 1, "col": column}
        figure.update_xaxes(title_text="tokens of a sequence", gridcolor=RULE, **at)
        figure.update_yaxes(title_text=title, gridcolor=RULE, rangemode="tozero", **at)
    figure.update_xaxes(type="log", tickvals=tokens, ticktext=[str(n) for n in tokens])
    figure.update_annotations(font_color=INK)
    figure.write_image(path)


def line(
    figure: Any,
    column: int,
    shares: pd.Series,
    colour: str,
    words: str,
    place: str,
    dash: str = "solid",
) -> None:
    """Draw one quantity over the length, its name halfway along the line."""
    ends = shares.iloc[[0, -1]]
    figure.add_scatter(
        x=shares.index,
        y=100 * shares,
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": dash},
        row=1,
        col=column,
    )
    figure.add_scatter(
        x=[np.sqrt(np.prod(ends.index))],
        y=[100 * np.interp(np.mean(np.log(ends.index)), np.log(shares.index), shares)],
        mode="markers+text",
        marker={"size": 9, "opacity": 0.0},  # holds the name off its line
        text=[words],
        textposition=place,
        textfont={"color": colour},
        row=1,
        col=column,
    )
