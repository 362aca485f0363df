"""The figure of this study: what is saved, in six panels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from plotly.subplots import make_subplots

from dse.show.figure import new_figure
from dse.show.style import ACCENT, GREY_DARK, GREY_LIGHT, INK, MUTED, RULE, TINT

# Colour and words of each line, and where its label stands.
LOOK = {
    "baseline": (INK, "no pruning"),
    "mask": (INK, "padding left out"),
    "on_chip": (GREY_DARK, "pruned on chip"),
    "in_memory": (ACCENT, "pruned in memory"),
    "no_locality": (TINT, "in memory, queries unalike"),
    "edge_4": (GREY_LIGHT, "Edge + 4"),
    "edge_32": (GREY_DARK, "AccelTran-Edge + 32 CORELETs"),
    "server_32": (TINT, "Server + 32"),
    "server_128": (ACCENT, "AccelTran-Server + 128 CORELETs"),
}
PANELS = (  # title, horizontal axis, vertical axis
    ("Attention without padding", "tokens", "energy, times less than the baseline"),
    ("Attention on 4,096 tokens", "buffers (KiB)", "reads of main memory (Gbit)"),
    ("Attention on 384 tokens", "padding (%)", "energy, times less than the baseline"),
    ("A whole BERT-Base", "tokens", "time, times less than the host alone"),
    ("Kept keys still on chip, measured", "share of keys that fit", "share reused"),
    ("Accuracy of a noisy comparison", "bits compared in memory", "points lost"),
)
FOURFOLD = 0.60206  # log10 of 4: a tick for every fourfold
MEASURED = "minilm-l6/wordnet/mp_mrf"  # the curve of the last two panels
LINEAR = ("padding (%)", "bits compared in memory")


def draw(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write four panels to a file, its format by the ending of its name."""
    figure = make_subplots(
        3,
        2,
        subplot_titles=[f"<b>{title}</b>" for title, _, _ in PANELS],
        vertical_spacing=0.12,
        horizontal_spacing=0.11,
    )
    figure.update_layout(new_figure(height=1000, width=1000).layout)
    figure.update_layout(margin={"t": 40, "r": 24, "l": 60})
    for place, (_, x_title, y_title) in enumerate(PANELS):
        at = {"row": place // 2 + 1, "col": place % 2 + 1}
        if x_title not in LINEAR:
            figure.update_xaxes(type="log", dtick=FOURFOLD, tickformat=",~g", **at)
        figure.update_xaxes(title_text=x_title, **at)
        figure.update_yaxes(title_text=y_title, **at)

    def line(
        panel: int, look: tuple[str, str], x: Any, y: Any, *, label: int, where: str
    ) -> None:
        colour, words = look
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
        line(0, LOOK[name], length.tokens, gain, label=label, where=where)
    for name, where in (
        ("baseline", "bottom center"),
        ("on_chip", "bottom center"),
        ("no_locality", "top center"),
        ("in_memory", "bottom center"),
    ):
        reads = capacity[f"{name}_mbit"] / 1e3
        line(1, LOOK[name], capacity.buffer_kib, reads, label=2, where=where)
    for name, label, where in (
        ("mask", 4, "bottom right"),
        ("on_chip", 4, "top left"),
        ("in_memory", 5, "top left"),
    ):
        gain = padding.baseline_mj / padding[f"{name}_mj"]
        line(2, LOOK[name], 100 * padding.padded, gain, label=label, where=where)
    for name, label, where in (
        ("edge_4", -1, "bottom left"),
        ("edge_32", -3, "top left"),
        ("server_32", -2, "bottom center"),
        ("server_128", 2, "bottom center"),
    ):
        gain = whole[f"{name}_time"]
        line(3, LOOK[name], whole.tokens, gain, label=label, where=where)
    draw_measured(line, tables)
    figure.update_xaxes(gridcolor=RULE)
    figure.update_yaxes(gridcolor=RULE, rangemode="tozero")
    figure.write_image(path)


def draw_measured(
    line: Callable[..., None], tables: Mapping[str, pd.DataFrame]
) -> None:
    """Draw the panels of one measured curve: its reuse, and what bits cost."""
    table, bits = tables["locality"], tables["bits"]
    held = [column for column in table.columns if column[0].isdigit()]
    x = [float(share) for share in held]
    measured = table[(table.curve == MEASURED) & table.kept.between(0.05, 0.7)]
    for _, row in measured.iloc[::2].iterrows():
        words = f"{100 * row.kept:.0f} % kept"
        line(4, (GREY_DARK, words), x, row[held], label=1, where="bottom right")
    closed = table[table.curve == "closed form"].iloc[0][held]
    line(4, (ACCENT, "closed form"), x, closed, label=0, where="top center")
    lost = bits[bits.curve == MEASURED]
    words = f"{MEASURED}, {100 * lost.kept.iloc[0]:.0f} % kept"
    line(5, (ACCENT, words), lost.bits, lost.lost, label=1, where="top right")
