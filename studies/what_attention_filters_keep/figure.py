"""The figure of this study: what is lost by what is kept, and how it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from plotly.subplots import make_subplots

from dse.show.figure import new_figure
from dse.show.style import ACCENT, GREY_DARK, GREY_LIGHT, INK, RULE, TINT

LOOK = {
    "mp_mrf": (ACCENT, "MP-MRF"),
    "sprint": (INK, "SPRINT"),
    "sprint_no_recompute": (TINT, "SPRINT, 4 bits alone"),
    "topk": (GREY_DARK, "top-k"),
}
PANELS = (  # title, horizontal and vertical axis
    ("Accuracy", "pairs kept (%)", "accuracy lost (points)"),
    ("Buffer", "keys that fit (%)", "kept keys still on chip (%)"),
    ("Shared fetch", "queries of a block", "keys that one of them keeps (%)"),
)
LABELS = {  # the point that bears the name of a line of the first panel, and its side
    "mp_mrf": (0, "bottom right"),
    "sprint": (2, "top right"),
    "sprint_no_recompute": (1, "bottom right"),
    "topk": (1, "middle left"),
}
Places = dict[str, tuple[pd.DataFrame, pd.DataFrame]]


def draw(tables: dict[str, pd.DataFrame], places: Places, path: Path) -> None:
    """Write three panels to a file, its format by the ending of its name."""
    titles = [f"<b>{title}</b>" for title, _, _ in PANELS]
    figure = make_subplots(1, 3, subplot_titles=titles, horizontal_spacing=0.12)
    figure.update_layout(new_figure(height=380, width=1060).layout)
    figure.update_layout(margin={"t": 40, "r": 24, "l": 64})

    def line(
        panel: int,
        x: Any,
        y: Any,
        colour: str,
        words: str,
        label: int,
        side: str = "bottom right",
    ) -> None:
        places = range(len(x))
        figure.add_scatter(
            x=x,
            y=100 * y,
            mode="lines+markers+text",
            line={"color": colour, "width": 2},
            text=[words if i == label % len(x) else "" for i in places],
            textposition=side,
            textfont={"color": INK if colour in (TINT, GREY_LIGHT) else colour},
            cliponaxis=False,
            row=1,
            col=panel + 1,
        )

    for policy, rows in tables.items():
        colour, words = LOOK[policy]
        order = rows.sort_values("kept")
        line(0, 100 * order["kept"], order["lost"], colour, words, *LABELS[policy])
    for policy, (reuse, union) in places.items():
        colour, words = LOOK[policy]
        line(1, 100 * reuse["capacity"], reuse["measured"], colour, words, 2)
        both = "both filters" if policy == "sprint" else ""
        line(2, union["queries"], union["measured"], colour, both, 3)
    reuse, union = next(iter(places.values()))
    line(1, 100 * reuse["capacity"], reuse["closed"], GREY_LIGHT, "closed form", -2)
    line(2, union["queries"], union["chance"], GREY_LIGHT, "by chance", 2)
    for panel, (_, x_title, y_title) in enumerate(PANELS):
        at = {"row": 1, "col": panel + 1}
        figure.update_xaxes(title_text=x_title, gridcolor=RULE, **at)
        figure.update_yaxes(title_text=y_title, gridcolor=RULE, **at)
    figure.update_xaxes(type="log", col=1)
    figure.update_xaxes(type="log", tickvals=[1, 2, 4, 8, 16, 32, 64], col=3)
    figure.write_image(path)
