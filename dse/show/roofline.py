"""The roofline of a machine with the ops of a run on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.evaluation import Metrics
from dse.show.labels import component_label, shown_unit
from dse.show.log_axis import metric_axis
from dse.show.scale import Scale, rounded
from dse.show.style import ACCENT, GREY_DARK, INK, Drawing, house_layout
from dse.units import from_si

_PER_LOG = 20  # marks closer than a twentieth are one to the eye
_BEYOND = 3.0  # the right end of the axis, over what lies farthest right


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


def draw_roofline(found: Roofline, scale: Scale) -> Drawing:
    """Return the first of some rooflines, its ops numbered as the legend has them."""
    roofs = roofline_data(found, scale)
    [[*x], [*y]] = roofs["roof"][0]
    places = [[ends[0] for ends in axis] for axis in (roofs["x"], roofs["y"])]
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": y,
            "line": {"color": GREY_DARK, "width": 2},
            "hoverinfo": "skip",
            "showlegend": False,
            "name": "roof",
        }
    ]
    texts = _numbers_by_place(*places)
    data += [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [at],
            "y": [up],
            "text": [texts[number - 1]],
            **_text_look(texts[number - 1]),
            "marker": {"size": 19, "color": ACCENT},
            "hovertemplate": f"{name}: %{{x:.3g}} op/B, %{{y:.3g}} "
            f"{roofs['unit']}<extra></extra>",
            "name": f"{number}  {name}",
        }
        for number, (name, at, up) in enumerate(
            zip(found.names, *places, strict=True), start=1
        )
    ]
    return {"data": data, "layout": _layout(roofs, len(found.names))}


def _layout(roofs: dict[str, Any], groups: int) -> dict[str, Any]:
    """Return the layout; its axes hold the rooflines of all designs."""
    titles = ("Operations per off-chip byte", f"Rate, zeros included ({roofs['unit']})")
    ends = np.moveaxis(np.asarray(roofs["roof"]), 1, 0)
    axes = [
        metric_axis(title, np.concatenate([np.ravel(line), np.ravel(points)]), most=m)
        for title, line, points, m in zip(
            titles, ends, (roofs["x"], roofs["y"]), (5, 6), strict=True
        )
    ]
    return house_layout(
        height=360 + 20 * groups,
        margin={"l": 64, "r": 16, "t": 16, "b": 76 + 20 * groups},
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


def _numbers_by_place(x: Sequence[float], y: Sequence[float]) -> list[str]:
    """Return what stands in each mark: of several in one place, all in the last."""
    texts: dict[tuple[int, ...], list[int]] = {}
    keys = [
        tuple(round(_PER_LOG * math.log(v)) for v in at)
        for at in zip(x, y, strict=True)
    ]
    for number, key in enumerate(keys, start=1):
        texts.setdefault(key, []).append(number)
    return [
        " ".join(map(str, texts[key])) if number == texts[key][-1] else ""
        for number, key in enumerate(keys, start=1)
    ]


def _text_look(text: str) -> dict[str, Any]:
    """Return how numbers stand: one in its mark, several, too wide for it, above."""
    if " " in text:
        return {"textposition": "top center", "textfont": {"color": INK, "size": 12}}
    return {"textposition": "middle center", "textfont": {"color": "white", "size": 12}}


def roofline_data(found: Roofline, scale: Scale) -> dict[str, Any]:
    """Return rooflines as plain data: for each design its roof, for each op places."""
    per = from_si(1.0, scale.units["peak_rate"])
    ridge = found.peak / found.bandwidth
    x = np.stack([found.first, ridge, found.last], axis=1)
    y = np.stack([found.first * found.bandwidth, found.peak, found.peak], axis=1) * per
    return {
        "unit": shown_unit(scale.units["peak_rate"]),
        "roof": [
            [rounded(a), rounded(b)]
            for a, b in zip(x.tolist(), y.tolist(), strict=True)
        ],
        "x": [rounded(column) for column in found.intensity.tolist()],
        "y": [rounded(column) for column in (found.rate * per).tolist()],
    }
