"""A tornado: what a metric depends on, the largest effect on top."""

from __future__ import annotations

from textwrap import wrap

import plotly.graph_objects as go

from dse.arguments import one_of
from dse.errors import check_kind
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.sensitivity import Sensitivity
from dse.show.figure import Figure, new_figure
from dse.show.labels import sensitivity_label
from dse.show.paper import PIXELS, check_width, is_column, on_paper
from dse.show.scale import TITLES
from dse.show.style import ACCENT, GREY_DARK, LEAST, RULE
from dse.show.text_table import cut

_SIDES = (("design", True, ACCENT), ("technology", False, GREY_DARK))
_RIGHT = 24  # pixels beside the plot
_ABOVE = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"}


def plot_sensitivity(
    sensitivity: Sensitivity,
    metric: str,
    *,
    count: int = 12,
    width: float | None = None,
) -> Figure:
    """Show the numbers that a metric depends on most, as bars to either side of 0.

    A bar of 0.5 says: 10 % more of this number, 5 % more of the metric. Numbers of the
    design stand out in colour; those of the technology are grey. `width` in inches sets
    a figure for a paper. Raises `InputError` for an unknown metric.

    Examples:
        >>> found = dse.sensitivity("tile:edge", "bert-tiny")
        >>> figure = dse.plot_sensitivity(found, "energy")
    """
    check_width(width)
    given = "what `dse.sensitivity` returns"
    check_kind("`sensitivity`", sensitivity, Sensitivity, given)
    one_of("metric", metric, SHOWN_UNITS)
    largest = sensitivity.largest(metric, count)[::-1]
    of_design = [name in sensitivity.design.index for name in largest.index]
    left, letters, high = (124, 20, 36) if is_column(width) else (250, 40, 26)
    names = {
        name: "<br>".join(cut(sensitivity_label(sensitivity, name), letters))
        for name in largest.index
    }
    figure = new_figure(height=110 + high * len(largest))
    for label, wanted, colour in _SIDES:
        shown = [own is wanted for own in of_design]
        figure.add_trace(
            go.Bar(
                x=largest[shown],
                y=[names[name] for name in largest.index[shown]],
                orientation="h",
                name=label,
                marker_color=colour,
                text=[f"{value:+.2f}" for value in largest[shown]],
                textposition="outside",
                cliponaxis=False,
                hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
            )
        )
    title = f"% more {TITLES[metric].lower()} for 1 % more of the number"
    half = ((LEAST if width is None else PIXELS * width) - left - _RIGHT) / 2.0
    letter = 7.4 if width is None else 6.2
    behind = 6.0 + letter * max(len(f"{value:+.2f}") for value in largest)
    reach = half / (half - behind) * float(largest.abs().max() or 1.0)
    figure.update_layout(
        showlegend=True,
        bargap=0.3,
        margin={"l": left, "r": _RIGHT, "t": 40, "b": 56},
        legend=_ABOVE,
    )
    figure.update_yaxes(
        categoryorder="array", categoryarray=list(names.values()), ticks=""
    )
    figure.update_xaxes(
        title="<br>".join(wrap(title, 34 if is_column(width) else 44)),
        range=[-reach, reach],
        gridcolor=RULE,
        zeroline=True,
        zerolinecolor=GREY_DARK,
    )
    return figure if width is None else Figure(on_paper(figure.to_plotly_json(), width))
