"""Where the energy and the area of machines go, by component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dse.evaluation import Metrics
from dse.show.figure import ACCENT, GREY_DARK, RULE, TINT, Figure, new_figure
from dse.show.labels import amount, component_label, scaled_unit, shown_unit
from dse.units import from_si

SMALL = 0.005  # share of the total below which a component is merged with others

Shares = dict[str, float]  # component -> SI
Layer = tuple[str, str, Shares]  # name, colour, amounts


def breakdown(machines: Mapping[str, Metrics]) -> Figure:
    """Return panels of bars: a column for each machine, energy above area."""
    rows = {
        "energy": [_energy_layers(found) for found in machines.values()],
        "area": [_area_layers(found) for found in machines.values()],
    }
    titles = [
        f"<b>{name}</b>  {_total(kind, layers)}".strip()
        for kind, panels in rows.items()
        for name, layers in zip(machines, panels, strict=True)
    ]
    merged = {kind: _merge_small(panels) for kind, panels in rows.items()}
    counts = [len(_components(panels)) for panels in merged.values()]
    figure = _grid(titles, len(machines), counts)
    for row, (kind, panels) in enumerate(merged.items(), start=1):
        for column, layers in enumerate(panels, start=1):
            _add_panel(figure, kind, layers, panels, row=row, column=column)
    return figure


def _energy_layers(found: Metrics) -> list[Layer]:
    return [
        ("work", ACCENT, _numbers(found.dynamic_energy)),
        ("leakage", TINT, _numbers(found.leakage_energy)),
    ]


def _area_layers(found: Metrics) -> list[Layer]:
    return [("area", GREY_DARK, _numbers(found.area_by_component))]


def _numbers(shares: Mapping[str, Any]) -> Shares:
    return {name: float(value) for name, value in shares.items()}


def _sums(layers: Sequence[Layer]) -> Shares:
    """Return the amount of each component, all layers together."""
    sums: Shares = {}
    for _, _, shares in layers:
        for name, value in shares.items():
            sums[name] = sums.get(name, 0.0) + value
    return sums


def _components(panels: Sequence[Sequence[Layer]]) -> list[str]:
    """Return all components, the largest of the first machine first."""
    first = _sums(panels[0])
    names = dict.fromkeys(name for layers in panels for name in _sums(layers))
    return sorted(names, key=lambda n: (n.startswith("others"), -first.get(n, 0.0)))


def _merge_small(panels: Sequence[Sequence[Layer]]) -> list[list[Layer]]:
    """Merge the components that are small in every machine; totals stay the same."""
    sums = [_sums(layers) for layers in panels]
    small = [
        name
        for name in _components(panels)
        if all(s.get(name, 0.0) < SMALL * sum(s.values()) for s in sums)
    ]
    if len(small) < 2:
        return [list(layers) for layers in panels]
    others = f"others ({len(small)})"
    return [
        [
            (label, colour, _merged(shares, small, others))
            for label, colour, shares in layers
        ]
        for layers in panels
    ]


def _merged(shares: Shares, small: Sequence[str], others: str) -> Shares:
    kept = {name: value for name, value in shares.items() if name not in small}
    return kept | {others: sum(shares.get(name, 0.0) for name in small)}


def _grid(titles: list[str], columns: int, counts: list[int]) -> Figure:
    """Return panels in one row for energy and one for area, heights by their bars."""
    bars, room = 24 * sum(counts), 110
    figure = Figure(
        make_subplots(
            len(counts),
            columns,
            shared_yaxes=True,
            subplot_titles=titles,
            row_heights=list(counts),
            horizontal_spacing=0.05,
            vertical_spacing=room / (bars + 2 * room),
        )
    )
    figure.update_layout(new_figure(height=bars + 2 * room + 26).layout)
    figure.update_layout(
        barmode="stack",
        bargap=0.3,
        margin={"l": 130, "r": 24, "t": 66, "b": 52},
        showlegend=True,
        legend={
            "orientation": "h",
            "traceorder": "normal",
            "x": 0,
            "yref": "container",
            "y": 0.995,
            "yanchor": "top",
        },
    )
    _style_bars(figure)
    return figure


def _style_bars(figure: Figure) -> None:
    figure.update_yaxes(
        autorange="reversed", ticks="", linecolor=GREY_DARK, showline=True
    )
    figure.update_xaxes(
        gridcolor=RULE, zeroline=False, nticks=5, separatethousands=True
    )
    figure.for_each_annotation(
        lambda title: title.update(
            font={"size": 13}, xanchor="left", x=_left(figure, title)
        )
    )


def _left(figure: Figure, title: Any) -> float:
    """Return the left end of the panel over whose middle a title stands."""
    domains = [axis.domain for axis in figure.select_xaxes()]
    start: float = min(domains, key=lambda d: abs((d[0] + d[1]) / 2 - title.x))[0]
    return start


def _total(kind: str, layers: Sequence[Layer]) -> str:
    total = sum(_sums(layers).values())
    per = " per sequence" if kind == "energy" else ""
    return f"{amount(total, scaled_unit([total], kind))}{per}"


def _add_panel(
    figure: Figure,
    kind: str,
    layers: Sequence[Layer],
    panels: Sequence[Sequence[Layer]],
    *,
    row: int,
    column: int,
) -> None:
    sums = _sums(layers)
    total = sum(sums.values())
    unit = scaled_unit([total], kind)
    order = _components(panels)
    shown = f"%{{x:.4g}} {shown_unit(unit)}"
    for label, colour, shares in layers:
        figure.add_trace(
            go.Bar(
                x=[from_si(shares.get(name, 0.0), unit) for name in order],
                y=[component_label(name) for name in order],
                orientation="h",
                marker={"color": colour},
                hovertemplate=f"%{{y}}, {label}: {shown}<extra></extra>",
                name=label,
                showlegend=kind == "energy" and column == 1,
            ),
            row=row,
            col=column,
        )
    for name in order:
        value = sums.get(name, 0.0)
        figure.add_annotation(
            x=from_si(value, unit),
            y=component_label(name),
            text=f"{amount(value, unit)}",
            showarrow=False,
            xanchor="left",
            xshift=4,
            font={"size": 12},
            row=row,
            col=column,
        )
    longest = max(max(_sums(p).values()) / sum(_sums(p).values()) for p in panels)
    figure.update_xaxes(
        range=[0.0, 1.35 * longest * from_si(total, unit)],
        title_text=f"{'Energy per sequence' if kind == 'energy' else 'Chip area'} "
        f"({shown_unit(unit)})",
        row=row,
        col=column,
    )
