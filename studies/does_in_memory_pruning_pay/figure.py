"""The figure of this study: energy by length and padding, reads, and a whole BERT."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from plotly.subplots import make_subplots

from dse.show.figure import ACCENT, GREY_DARK, INK, MUTED, RULE, TINT, new_figure

# Colour and words of each line, and where its label stands.
LOOK = {
    "baseline": (INK, "no pruning"),
    "mask": (INK, "padding left out"),
    "on_chip": (GREY_DARK, "pruned on chip"),
    "in_memory": (ACCENT, "pruned in memory"),
    "no_locality": (TINT, "in memory, queries unalike"),
    "edge": (GREY_DARK, "AccelTran-Edge + 4 CORELETs"),
    "server": (ACCENT, "AccelTran-Server + 32 CORELETs"),
}
PANELS = (  # title, horizontal axis, vertical axis
    ("Attention without padding", "tokens", "energy, times less than the baseline"),
    ("Attention on 4,096 tokens", "buffers (KiB)", "reads of main memory (Gbit)"),
    ("Attention on 384 tokens", "padding (%)", "energy, times less than the baseline"),
    ("A whole BERT-Base", "tokens", "time, times less than the host alone"),
)


def draw(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write four panels to a file, its format by the ending of its name."""
    figure = make_subplots(
        2,
        2,
        subplot_titles=[f"<b>{title}</b>" for title, _, _ in PANELS],
        vertical_spacing=0.18,
        horizontal_spacing=0.11,
    )
    figure.update_layout(new_figure(height=680, width=1000).layout)
    figure.update_layout(margin={"t": 40, "r": 24, "l": 60})
    for place, (_, x_title, y_title) in enumerate(PANELS):
        at = {"row": place // 2 + 1, "col": place % 2 + 1}
        logarithmic = (
            {}
            if "%" in x_title
            else {"type": "log", "dtick": 0.60206, "tickformat": ",d"}
        )
        figure.update_xaxes(title_text=x_title, **logarithmic, **at)
        figure.update_yaxes(title_text=y_title, **at)

    def line(
        panel: int, name: str, x: pd.Series, y: pd.Series, *, label: int, where: str
    ) -> None:
        colour, words = LOOK[name]
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers+text",
            line_color=colour,
            text=[words if i == label % len(x) else "" for i in range(len(x))],
            textposition=where,
            textfont={"color": MUTED if colour == TINT else colour, "size": 12},
            cliponaxis=False,
            row=panel // 2 + 1,
            col=panel % 2 + 1,
        )

    length, capacity = tables["length"], tables["capacity"]
    padding, whole = tables["padding"], tables["whole"]
    for name, label, where in (
        ("on_chip", -3, "top center"),
        ("no_locality", -3, "bottom center"),
        ("in_memory", -1, "bottom left"),
    ):
        gain = length.baseline_mj / length[f"{name}_mj"]
        line(0, name, length.tokens, gain, label=label, where=where)
    for name, where in (
        ("baseline", "bottom center"),
        ("on_chip", "bottom center"),
        ("no_locality", "top center"),
        ("in_memory", "bottom center"),
    ):
        reads = capacity[f"{name}_mbit"] / 1e3
        line(1, name, capacity.buffer_kib, reads, label=2, where=where)
    for name, label, where in (
        ("mask", 4, "bottom right"),
        ("on_chip", 4, "top left"),
        ("in_memory", 5, "top left"),
    ):
        gain = padding.baseline_mj / padding[f"{name}_mj"]
        line(2, name, 100 * padding.padded, gain, label=label, where=where)
    for host, label, where in (("edge", 3, "top left"), ("server", 2, "bottom right")):
        gain = whole[f"{host}_ms"] / whole[f"{host}_paired_ms"]
        line(3, host, whole.tokens, gain, label=label, where=where)
    figure.update_xaxes(gridcolor=RULE)
    figure.update_yaxes(gridcolor=RULE, rangemode="tozero")
    figure.write_image(path)
