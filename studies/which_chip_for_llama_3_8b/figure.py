"""The figure of the study: the fronts of all families, within both areas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from machines import Family

import dse
from dse.show.figure import Figure, new_figure
from dse.show.style import ACCENT, GREY_DARK, INK, RULE

COLORS = {"tile": GREY_DARK, "N:M": ACCENT, "filter": INK}
DASHES = ("solid", "dot")  # without losses, pruned


def draw(fronts: Mapping[int, Mapping[Family, dse.Runs]], path: Path) -> None:
    """Draw energy per token by tokens per second, a panel for each area."""
    figure = new_figure(height=420, width=940)
    for place, (area, by_family) in enumerate(fronts.items()):
        axis = "" if place == 0 else str(place + 1)
        for family, runs in by_family.items():
            _line(figure, family, runs, axis, named=place == len(fronts) - 1)
        start = 0.42 * place
        figure.update_layout(
            {
                f"xaxis{axis}": {
                    "domain": [start, start + 0.37],
                    "range": [0, 90],
                    "title": f"tokens/s, within {area} mm²",
                    "anchor": f"y{axis}",
                },
                f"yaxis{axis}": {
                    "range": [200, 500],
                    "title": "energy of a token made (mJ)" if place == 0 else None,
                    "anchor": f"x{axis}",
                },
            }
        )
    figure.update_layout(showlegend=True, legend={"x": 0.83, "y": 1})
    figure.update_xaxes(gridcolor=RULE, zeroline=False)
    figure.update_yaxes(gridcolor=RULE, zeroline=False)
    figure.write_image(path)


def _line(
    figure: Figure, family: Family, runs: dse.Runs, axis: str, *, named: bool
) -> None:
    table = runs.to_pandas().sort_values("tokens_per_second_tokens_per_s")
    figure.add_scatter(
        x=table["tokens_per_second_tokens_per_s"],
        y=table["energy_per_token_mj"],
        mode="lines+markers",
        marker={"size": 5},
        line={
            "color": COLORS[family.name.partition(",")[0]],
            "dash": DASHES[family.prunes],
            "width": 1.5,
        },
        name=family.name,
        showlegend=named,
        xaxis=f"x{axis}",
        yaxis=f"y{axis}",
    )
