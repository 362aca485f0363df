"""Where the energy and the area of machines go, by component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dse.evaluation import Metrics
from dse.show.labels import amount, component_label, in_lines, shown_unit
from dse.show.panels import Ends, on_panel, panel_axes, panel_ends, panel_title
from dse.show.scale import Scale
from dse.show.style import ACCENT, GREY_DARK, TINT, Drawing, house_layout, legend_above
from dse.units import from_si

SMALL = 0.005  # share of the total below which a component is merged with others
# Pixels: the height of a bar, of a line of a title, and between panels with titles of
# two lines; beside all panels, the least of one beside others, and behind a bar.
_BAR, _LINE, _ROOM = 24, 16, 110
_BESIDE, _LEAST, _BEHIND = 154, 120, 65
_APART = 0.05  # of the plot, between machines beside each other

Shares = dict[str, float]  # component -> SI
Layer = tuple[str, str, Shares]  # name, colour, amounts


def breakdown(
    machines: Mapping[str, Metrics],
    scale: Scale,
    *,
    shares: bool = False,
    width: float,
    character: float,
    letters: int = 60,
) -> Drawing:
    """Return panels of bars: a column for each machine, energy above area.

    All on one scale, or with `shares` each on that of its machine's total. Machines
    stand beside each other, below each other where the `width` in pixels is too small
    for that. A letter of a title is `character` pixels wide; names of
    components have lines of so many `letters`.
    """
    plot, beside = width - _BESIDE, len(machines)
    below = plot / beside < _LEAST
    room = plot if below else plot * (1.0 - _APART * (beside - 1)) / beside
    rows = {
        "energy": [_energy_layers(found) for found in machines.values()],
        "area": [_area_layers(found) for found in machines.values()],
    }
    titles = [
        _head(name, int(room / character)) + _total(kind, layers, scale)
        for kind, panels in rows.items()
        for name, layers in zip(machines, panels, strict=True)
    ]
    merged = {kind: _merge_small(panels) for kind, panels in rows.items()}
    more = _LINE * max(0, max(title.count("<br>") for title in titles) - 1)
    bar = _bar_height(merged, letters)
    places, height = _places(merged, len(machines), below, bar, _ROOM + more)
    data: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for row, (kind, panels) in enumerate(merged.items()):
        first = 1 + row * len(machines)
        for number, layers in enumerate(panels, start=first):
            own = _components(panels), on_panel(number), scale.units[kind]
            data += _bars(layers, *own, letters, legend=number == 1)
            notes += _amounts(layers, *own, letters)
            longest = _longest(layers, panels, shares=shares)
            named = number if below else first
            axes |= _axes(kind, longest, number, places[number - 1], named, scale, room)
    heads = [
        panel_title(title, *place) for title, place in zip(titles, places, strict=True)
    ]
    return {"data": data, "layout": {**_layout(height, more, [*heads, *notes]), **axes}}


def _bar_height(merged: Mapping[str, Sequence[Sequence[Layer]]], letters: int) -> int:
    """Return the pixels of a bar: more where a name has two lines."""
    names = {name for panels in merged.values() for name in _components(panels)}
    labels = [in_lines(component_label(name), letters) for name in names]
    return _BAR + _LINE // 2 * any("<br>" in label for label in labels)


def _places(
    merged: Mapping[str, Sequence[Sequence[Layer]]],
    machines: int,
    below: bool,
    bar: int,
    room: int,
) -> tuple[list[tuple[Ends, Ends]], int]:
    """Return where each panel lies, across and up, and the height of all in pixels."""
    rows = [
        len(_components(panels))
        for panels in merged.values()
        for _ in range(machines if below else 1)
    ]
    columns = panel_ends([1.0] * (1 if below else machines), _APART)
    height = bar * sum(rows) + len(rows) * room
    up = [(1.0 - high, 1.0 - low) for low, high in panel_ends(rows, room / height)]
    return [(across, ends) for ends in up for across in columns], height


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


def _layout(
    height: int, more: int, annotations: list[dict[str, Any]]
) -> dict[str, Any]:
    height += 36 + more
    return house_layout(
        height=height,
        annotations=annotations,
        barmode="stack",
        bargap=0.3,
        margin={"l": 130, "r": 24, "t": 76 + more, "b": 52},
        showlegend=True,
        legend=legend_above(1.0 - 4.0 / height),
    )


def _head(name: str, letters: int) -> str:
    """Return a name above an amount, in bold, in lines of so many letters."""
    return f"<b>{in_lines(name, letters)}</b><br>" if name else ""


def _total(kind: str, layers: Sequence[Layer], scale: Scale) -> str:
    per = f" per {scale.counted}" if kind == "energy" else ""
    return f"{scale.amount(kind, sum(_sums(layers).values()))}{per}"


def _bars(
    layers: Sequence[Layer],
    order: Sequence[str],
    axes: Mapping[str, str],
    unit: str,
    letters: int,
    *,
    legend: bool,
) -> list[dict[str, Any]]:
    shown = f"%{{x:.4g}} {shown_unit(unit)}"
    return [
        {
            "type": "bar",
            "x": [from_si(shares.get(name, 0.0), unit) for name in order],
            "y": [in_lines(component_label(name), letters) for name in order],
            "orientation": "h",
            "marker": {"color": colour},
            "hovertemplate": f"%{{y}}, {label}: {shown}<extra></extra>",
            "name": label,
            "showlegend": legend,
            **axes,
        }
        for label, colour, shares in layers
    ]


def _amounts(
    layers: Sequence[Layer],
    order: Sequence[str],
    axes: Mapping[str, str],
    unit: str,
    letters: int,
) -> list[dict[str, Any]]:
    """Return the amounts that are written behind the bars."""
    sums = _sums(layers)
    on = {f"{name[0]}ref": axis for name, axis in axes.items()}
    return [
        {
            "x": from_si(sums.get(name, 0.0), unit),
            "y": in_lines(component_label(name), letters),
            "text": amount(sums.get(name, 0.0), unit),
            "showarrow": False,
            "xanchor": "left",
            "xshift": 4,
            "font": {"size": 12},
            **on,
        }
        for name in order
    ]


def _longest(
    layers: Sequence[Layer], panels: Sequence[Sequence[Layer]], *, shares: bool
) -> float:
    """Return the longest bar that a panel has room for, in SI."""
    sums = [_sums(each) for each in panels]
    if not shares:
        return max(max(each.values()) for each in sums)
    share = max(max(each.values()) / sum(each.values()) for each in sums)
    return share * sum(_sums(layers).values())


def _axes(
    kind: str,
    longest: float,
    number: int,
    place: tuple[Ends, Ends],
    first: int,
    scale: Scale,
    room: float,
) -> dict[str, Any]:
    """Return the axes of a panel; those of a row name their bars once, at the left.

    There is `room` for so many pixels across, some of them for amounts behind bars.
    """
    unit = scale.units[kind]
    reach = max(1.45, room / (room - _BEHIND))
    shared = {"matches": on_panel(first)["yaxis"], "showticklabels": False}
    return panel_axes(
        number,
        *place,
        x={
            "nticks": min(5, max(2, int(room / 45.0))),
            "separatethousands": True,
            "range": [0.0, reach * from_si(longest, unit)],
            "title": {"text": scale.axis_title(kind)},
        },
        y={} if number == first else shared,
    )
