"""Two machines side by side, and the way from one to the other: words and picture."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dse.errors import check_kind
from dse.explore.compare import Comparison
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import file_units
from dse.show.figure import Figure, new_figure
from dse.show.labels import component_label, field_label, number, shown_unit
from dse.show.paper import check_width, is_column, on_paper
from dse.show.scale import Scale, scale_for
from dse.show.style import ACCENT, GREY_DARK, RULE, TINT
from dse.show.text_table import Table, Tables
from dse.units import from_si, si_unit

MOST = 12  # rows of a table of differences
_SHOWN = ("throughput", "latency", "energy", "power", "area", "accuracy_drop")


def comparison_tables(compared: Comparison) -> Tables:
    """Return totals, the way from one to the other, and parts and ops side by side."""
    scale = _scale(compared)
    tables = [_totals(compared, scale)]
    if compared.steps:
        tables.append(_way(compared, scale))
    energy, area = scale.units["energy"], "mm^2"
    tables += [
        _sides(compared, "energy", compared.by_component("energy"), energy),
        _sides(compared, "area", compared.by_component("area"), area),
        _sides(compared, "op, energy of work", compared.by_op("energy"), energy),
        _sides(
            compared,
            "op, time computing",
            compared.by_op("compute"),
            scale.units["latency"],
        ),
    ]
    return Tables(comparison_sentence(compared), tables)


def comparison_sentence(compared: Comparison) -> str:
    """Return in a sentence or two how far apart two machines are, and by what most."""
    scale, (one, other) = _scale(compared), compared.values
    a, b = compared.names
    told = (
        f"{b} has {scale.amount(compared.metric, other)} of "
        f"{scale.title(compared.metric).lower()} where {a} has "
        f"{scale.amount(compared.metric, one)}"
    )
    if one == other:
        told += ", the same"
    elif one > 0 and other > 0:
        told += f": {number(other / one)} times as much"
    if not compared.steps:
        why = "The two" if type(compared.a) is not type(compared.b) else "They"
        return f"{told}. {why} have no fields in which they differ one by one."
    first = compared.steps[0]
    change = scale.amount(compared.metric, abs(compared.changes[first.field]))
    sign = "more" if compared.changes[first.field] > 0 else "less"
    return (
        f"{told}. Most of it: {_field(compared, first.field)} from {first.before} to "
        f"{first.after}, {change} {sign}."
    )


def _field(compared: Comparison, name: str) -> str:
    """Return a field in words; its unit stands beside its values."""
    return field_label(name, compared.a.meanings()[name].unit)


def comparison_json(compared: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data, in SI; `unit` is that of the metric."""
    units = file_units(compared.found[0].counted)
    return {
        "metric": compared.metric,
        "unit": si_unit(units[compared.metric]),
        "names": list(compared.names),
        "values": list(compared.values),
        "steps": [
            {**step._asdict(), "change": compared.changes[step.field]}
            for step in compared.steps
        ],
        "energy_by_component_j": compared.by_component("energy"),
        "area_by_component_m2": compared.by_component("area"),
        "energy_by_op_j": compared.by_op("energy"),
        "compute_by_op_s": compared.by_op("compute"),
    }


def plot_compare(compared: Comparison, *, width: float | None = None) -> Figure:
    """Draw the way from one machine to another as a waterfall, a bar for each field.

    Of machines of different kinds, one bar for each component of their energy, or of
    their area where that was asked for. `width` in inches sets a figure for a paper.
    Raises `InputError` for anything but what `dse.compare` returns.

    Examples:
        >>> found = dse.compare("tile:edge", "tile:server", "bert-tiny")
        >>> figure = dse.plot_compare(found)
    """
    check_width(width)
    check_kind("`compared`", compared, Comparison, "what `dse.compare` returns")
    scale = _scale(compared)
    a, b = compared.names
    if compared.steps:
        metric = compared.metric
        rows = [
            (f"{_field(compared, s.field)}<br>{s.before} → {s.after}", change)
            for s, change in zip(compared.steps, compared.changes.values(), strict=True)
        ]
        ends = compared.values
    else:
        metric = "area" if compared.metric == "area" else "energy"
        both = compared.by_component(metric)
        rows = [(component_label(n), y - x) for n, (x, y) in both.items()]
        ends = sum(x for x, _ in both.values()), sum(y for _, y in both.values())
    unit = scale.units[metric]
    amounts = [
        from_si(each, unit) for each in (ends[0], *(c for _, c in rows), ends[1])
    ]
    texts = [number(amounts[0]), *map(_signed, amounts[1:-1]), number(amounts[-1])]
    a, b = ("<br>".join(wrap(name, 18 if is_column(width) else 30)) for name in (a, b))
    labels = [a, *(label for label, _ in rows), b]
    figure = new_figure(height=110 + 38 * len(amounts))
    figure.add_trace(
        go.Waterfall(
            orientation="h",
            measure=["absolute", *["relative"] * len(rows), "total"],
            y=labels,
            x=amounts,
            text=texts,
            textposition="none",
            increasing={"marker": {"color": ACCENT}},
            decreasing={"marker": {"color": TINT}},
            totals={"marker": {"color": GREY_DARK}},
            connector={"line": {"color": RULE}},
            hovertemplate="%{y}: %{text} " + shown_unit(unit) + "<extra></extra>",
        )
    )
    after = [*np.cumsum(amounts[:-1]).tolist(), amounts[-1]]
    reach = max(after)
    for label, text, ends_at in zip(labels, texts, _right_ends(after), strict=True):
        figure.add_annotation(
            x=ends_at, y=label, text=text, showarrow=False, xanchor="left", xshift=4
        )
    left = 120 if is_column(width) else 210
    figure.update_layout(margin={"l": left, "r": 24, "t": 24, "b": 56})
    figure.update_yaxes(autorange="reversed", ticks="")
    figure.update_xaxes(
        title=scale.axis_title(metric),
        range=[0, (1.4 if is_column(width) else 1.2) * reach],
        gridcolor=RULE,
        nticks=5,
    )
    return figure if width is None else Figure(on_paper(figure.to_plotly_json(), width))


def _right_ends(after: list[float]) -> list[float]:
    """Return where each bar of a waterfall ends at the right; the last one is whole."""
    before = [0.0, *after[:-2], 0.0]
    return [max(pair) for pair in zip(before, after, strict=True)]


def _signed(value: float) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "±") + number(abs(value))


def _scale(compared: Comparison) -> Scale:
    columns = {
        name: np.asarray([getattr(each, name) for each in compared.found], float)
        for name in SHOWN_UNITS
        if all(getattr(each, name) is not None for each in compared.found)
    }
    return scale_for(columns, compared.found[0].counted)


def _totals(compared: Comparison, scale: Scale) -> Table:
    rows = []
    for metric in dict.fromkeys([compared.metric, *_SHOWN]):
        values = [getattr(each, metric) for each in compared.found]
        if any(value is None for value in values):
            continue
        one, other = map(float, values)
        ratio = other / one if one and math.isfinite(one) else math.nan
        told = f"{number(ratio)}" if math.isfinite(ratio) else "-"
        shown = [scale.amount(metric, value) for value in (one, other)]
        rows.append([scale.title(metric), *shown, told])
    a, b = compared.names
    return Table(["metric", a, b, "times"], rows)


def _way(compared: Comparison, scale: Scale) -> Table:
    unit = scale.units[compared.metric]
    one, _ = compared.values
    rows = [[compared.names[0], "", "", "", number(from_si(one, unit))]]
    for step, change in zip(compared.steps, compared.changes.values(), strict=True):
        rows.append(
            [
                _field(compared, step.field),
                step.before,
                step.after,
                _signed(from_si(change, unit)),
                number(from_si(step.metric, unit)),
            ]
        )
    shown = f"{scale.title(compared.metric).lower()} ({shown_unit(unit)})"
    return Table(["field", "from", "to", "change", shown], rows)


def _sides(
    compared: Comparison, what: str, both: dict[str, tuple[float, float]], unit: str
) -> Table:
    """Return what differs most, side by side, and what all of it comes to."""
    a, b = (f"{name} ({shown_unit(unit)})" for name in compared.names)

    def row(name: str, one: float, other: float) -> list[str]:
        x, y = from_si(one, unit), from_si(other, unit)
        return [name, number(x), number(y), _signed(y - x)]

    most = MOST if len(both) > MOST + 1 else len(both)  # one more takes a row as well
    shown = list(both.items())[:most]
    rest = list(both.items())[most:]
    rows = [row(component_label(name), *pair) for name, pair in shown]
    if rest:
        sums = [sum(pair[side] for _, pair in rest) for side in (0, 1)]
        rows.append(row(f"{len(rest)} others", *sums))
    sums = [sum(pair[side] for pair in both.values()) for side in (0, 1)]
    rows.append(row("all", *sums))
    return Table([what, a, b, "change"], rows)
