"""The roofline of a machine with the ops of a run on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dse.arrays import Rows
from dse.evaluation import Metrics
from dse.show.labels import component_label, in_lines, shown_unit
from dse.show.log_axis import along, metric_axis
from dse.show.mark_numbers import MARK, Label, number_marks
from dse.show.scale import Scale, rounded
from dse.show.style import ACCENT, GREY_DARK, INK, LEAST, Drawing, house_layout
from dse.units import from_si

_HIGH, _ABOVE, _BELOW, _BESIDE = 268, 16, 76, 100  # pixels: the plot, and around it
_LEGEND_MARK = 124  # pixels before the names of a legend, and behind them
NARROW = 350.0  # pixels of a telephone's page
_PAGES = {"narrow": NARROW, "wide": 600.0}  # pixels
_BEYOND = 3.0  # the right end of the axis, over what lies farthest right


Axes = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Roofline:
    """Roofs `[designs]` and groups of ops `[groups, designs]`, in SI.

    Ops of one group lie in one place. What moves nothing off chip stands at the end of
    the axis. A rate counts the zeros that are skipped, and may be above the roof.
    """

    names: list[str]
    intensity: Rows
    rate: Rows
    peak: Rows
    bandwidth: Rows
    first: Rows
    last: Rows


def roofline_of(found: Metrics) -> Roofline:
    """Return the roofline of one machine and run."""
    columns = {
        name: np.asarray(value, float)[:, None]
        for name, value in {
            "work": found.op_work,
            "bytes": found.op_bytes,
            **found.op_busy,
        }.items()
    }
    batch = np.asarray([float(found.throughput * found.latency)])
    peak = np.asarray([float(found.peak_rate)])
    return rooflines(found.op_names, columns, batch, peak)


def rooflines(
    op_names: Sequence[str], columns: dict[str, Rows], batch: Rows, peak: Rows
) -> Roofline:
    """Return the rooflines of designs from columns `[ops, designs]`.

    `work` and `bytes` are of a sequence; the seconds of `load`, `compute` and `store`,
    of a batch:

        intensity = work / bytes,   rate = batch work / max(load, compute, store)

    An op that is not told its loads and stores has moved all while it computed.
    """
    work, moved = columns["work"], columns["bytes"]
    ports = columns["load"] + columns["store"]
    ports = np.where(ports > 0, ports, columns["compute"])  # where that holds both
    with np.errstate(divide="ignore", invalid="ignore"):
        bandwidth = np.nanmax(np.where(moved > 0, batch * moved / ports, np.nan), 0)
        longest = np.maximum(np.maximum(columns["load"], columns["store"]), 1e-300)
        rate = batch * work / np.maximum(longest, columns["compute"])
        intensity = np.where(moved > 0, work / moved, np.inf)
    groups = _groups(op_names, work, intensity, rate)
    rows = [places[0] for places in groups.values()]
    intensity, rate = intensity[rows], rate[rows]
    known = np.where(np.isfinite(intensity), intensity, np.nan)
    ridge = peak / bandwidth
    first = np.fmin(np.nanmin(known, 0, initial=np.inf), ridge) / _BEYOND
    last = np.fmax(np.nanmax(known, 0, initial=0.0), ridge) * _BEYOND
    return Roofline(
        list(groups),
        np.where(np.isfinite(intensity), intensity, last),
        rate,
        peak,
        bandwidth,
        first,
        last,
    )


def _groups(
    op_names: Sequence[str], work: Rows, intensity: Rows, rate: Rows
) -> dict[str, list[int]]:
    """Return the ops that do products, those that lie in one place together."""
    places: dict[bytes, list[int]] = {}
    for op in range(len(op_names)):
        if (work[op] > 0).any():
            where = np.stack([intensity[op], rate[op]]).astype(np.float32)
            places.setdefault(where.tobytes(), []).append(op)
    labels = [component_label(name) for name in op_names]
    return {
        ", ".join(dict.fromkeys(labels[op] for op in ops)): ops
        for ops in places.values()
    }


def draw_roofline(
    found: Roofline, scale: Scale, *, width: float = LEAST, character: float = 6.6
) -> Drawing:
    """Return the first of some rooflines, its ops numbered as the legend has them.

    A figure of `width` pixels or more; the legend's letters are `character` wide.
    """
    roofs = _in_units(found, scale)
    axes = _axes(roofs)
    places = roofs.x[:, 0], roofs.y[:, 0]
    letters = int((width - _LEGEND_MARK) / character)
    names = [
        in_lines(f"{number}  {name}", letters)
        for number, name in enumerate(found.names, start=1)
    ]
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": roofs.roof[0, 0].tolist(),
            "y": roofs.roof[0, 1].tolist(),
            "line": {"color": GREY_DARK, "width": 2},
            "hoverinfo": "skip",
            "showlegend": False,
            "name": "roof",
        }
    ]
    data += [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [float(at)],
            "y": [float(up)],
            **_look(label),
            "marker": {"size": MARK, "color": ACCENT},
            "hovertemplate": f"{named}: %{{x:.3g}} op/B, %{{y:.3g}} "
            f"{roofs.unit}<extra></extra>",
            "name": name,
        }
        for named, name, at, up, label in zip(
            found.names, names, *places, _labels(axes, *places, width), strict=True
        )
    ]
    lines = sum(1 + name.count("<br>") for name in names)
    return {"data": data, "layout": _layout(axes, lines)}


def _layout(axes: Axes, lines: int) -> dict[str, Any]:
    return house_layout(
        height=_HIGH + _ABOVE + _BELOW + 20 * lines,
        margin={"l": 64, "r": 16, "t": _ABOVE, "b": _BELOW + 20 * lines},
        xaxis=axes[0],
        yaxis=axes[1],
        showlegend=True,
        legend={
            "x": 0,
            "yref": "container",
            "y": 0.0,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
    )


class _InUnits(NamedTuple):
    """Roofs `[designs, 2, points]` and places `[groups, designs]` in shown units."""

    unit: str
    roof: Rows
    x: Rows
    y: Rows


def _in_units(found: Roofline, scale: Scale) -> _InUnits:
    per = from_si(1.0, scale.units["peak_rate"])
    ridge = found.peak / found.bandwidth
    x = np.stack([found.first, ridge, found.last], axis=1)
    y = np.stack([found.first * found.bandwidth, found.peak, found.peak], axis=1)
    return _InUnits(
        shown_unit(scale.units["peak_rate"]),
        np.stack([x, y * per], axis=1),
        found.intensity,
        found.rate * per,
    )


def _axes(roofs: _InUnits) -> Axes:
    """Return axes that hold the rooflines of all designs."""
    titles = ("Operations per off-chip byte", f"Rate, zeros included ({roofs.unit})")
    x, y = (
        metric_axis(title, np.concatenate([line.ravel(), places.ravel()]), most=most)
        for title, line, places, most in zip(
            titles,
            np.moveaxis(roofs.roof, 1, 0),
            (roofs.x, roofs.y),
            (5, 6),
            strict=True,
        )
    )
    return x, y


def _labels(axes: Axes, x: Rows, y: Rows, width: float) -> list[Label]:
    """Return what stands in the marks of one design, in a figure of some pixels."""

    def share(axis: dict[str, Any], values: Rows) -> Rows:
        low, high = axis["range"]
        shares: Rows = (along(axis, values) - low) / (high - low)
        return shares

    wide = width - _BESIDE
    right, down = share(axes[0], x) * wide, (1.0 - share(axes[1], y)) * _HIGH
    marks = list(zip(right.tolist(), down.tolist(), strict=True))
    return number_marks(marks, (wide, _HIGH))


def _look(label: Label) -> dict[str, Any]:
    """Return how numbers stand: one in its mark, several beside it, in ink."""
    colour = "white" if label.side == "middle center" else INK
    return {
        "text": [label.text],
        "textposition": label.side,
        "textfont": {"color": colour, "size": 12},
    }


def roofline_data(found: Roofline, scale: Scale) -> dict[str, Any]:
    """Return rooflines as plain data: for each design its roof, for each op places.

    `looks` are those of all marks, for pages that are narrow and wide; `at` says which
    of them each design has.
    """
    roofs = _in_units(found, scale)
    axes = _axes(roofs)
    known: dict[tuple[Label, ...], int] = {}
    at = {
        page: [
            known.setdefault(tuple(_labels(axes, x, y, width)), len(known))
            for x, y in zip(roofs.x.T, roofs.y.T, strict=True)
        ]
        for page, width in _PAGES.items()
    }
    return {
        "roof": [[rounded(line) for line in roof] for roof in roofs.roof],
        "x": [rounded(column) for column in roofs.x],
        "y": [rounded(column) for column in roofs.y],
        "looks": [[_look(label) for label in labels] for labels in known],
        "at": at,
    }
