"""The figure of this study: accuracy lost by zeros, and by multiplications skipped."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from plotly.subplots import make_subplots

from dse.show.figure import new_figure
from dse.show.style import ACCENT, GREY_DARK, INK, RULE

COLOURS = {"dynatran": ACCENT, "topk": GREY_DARK}
WORDS = {"dynatran": "DynaTran", "topk": "top-k"}
PANELS = (  # model, share, title, horizontal axis
    ("minilm-l6", "zeros", "MiniLM-L6, glosses", "zeros among activations (%)"),
    ("bert-tiny", "zeros", "BERT-Tiny, glosses", "zeros among activations (%)"),
    ("bert-base", "zeros", "published: BERT-Base, SST-2", "zeros as counted there (%)"),
    ("minilm-l6", "skipped", "", "multiplications skipped (%)"),
    ("bert-tiny", "skipped", "", "multiplications skipped (%)"),
)
COLUMNS = 3


def draw(traces: dict[str, dict[str, pd.DataFrame]], path: Path) -> None:
    """Write the panels to a file, its format by the ending of its name."""
    figure = make_subplots(
        2,
        COLUMNS,
        subplot_titles=[f"<b>{title}</b>" if title else "" for *_, title, _ in PANELS],
        vertical_spacing=0.16,
        horizontal_spacing=0.08,
    )
    figure.update_layout(new_figure(height=600, width=1000).layout)
    figure.update_layout(margin={"t": 40, "r": 24, "l": 64})
    for place, (model, share, _, x_title) in enumerate(PANELS):
        at = {"row": place // COLUMNS + 1, "col": place % COLUMNS + 1}
        for policy, table in traces[model].items():
            figure.add_scatter(
                x=100 * table[share],
                y=100 * table["lost"],
                mode="lines",
                line={"color": COLOURS[policy], "width": 2},
                **at,
            )
            _name(figure, table, share, policy, at)
        figure.update_xaxes(title_text=x_title, **at)
        if at["col"] == 1:
            figure.update_yaxes(title_text="accuracy lost (points)", **at)
    figure.update_xaxes(gridcolor=RULE, zeroline=False, rangemode="tozero")
    figure.update_yaxes(gridcolor=RULE, zeroline=False)
    figure.update_annotations(font_color=INK)
    figure.write_image(path)


def _name(
    figure: object, table: pd.DataFrame, share: str, policy: str, at: dict[str, int]
) -> None:
    """Write the name of a line beside its sparse end, where no other line passes."""
    end = table.loc[table[share].idxmax()]
    beside = "middle left" if end["lost"] > 0.1 else "top center"
    figure.add_scatter(  # type: ignore[attr-defined]
        x=[100 * end[share]],
        y=[100 * end["lost"]],
        mode="markers+text",
        marker={"color": COLOURS[policy], "size": 6},
        text=[WORDS[policy]],
        textposition="middle right" if policy == "topk" else beside,
        textfont={"color": COLOURS[policy], "size": 12},
        cliponaxis=False,
        **at,
    )
