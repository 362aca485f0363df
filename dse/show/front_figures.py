"""The two pictures of a front: flat over two metrics, solid over three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.evaluation import Metrics
from dse.explore.runs import Runs
from dse.show.camera import Size, camera, seen_by_camera, seen_flat
from dse.show.density import density
from dse.show.label_places import label_places
from dse.show.log_axis import along, metric_axis, value_at
from dse.show.marks import Mark, Marks, marks
from dse.show.paper import PIXELS
from dse.show.scale import Scale
from dse.show.style import ACCENT, GREY_DARK, INK, Drawing, house_layout

Trace = dict[str, Any]

_UPRIGHT = 40  # letters of a title along an upright axis
SVG_MARKS = 3_000  # more marks than this are drawn by WebGL
# Pixels for which labels are placed: between the axes, or of the whole scene.
_FLAT_SIZE: Size = (300.0, 270.0)
_SOLID_SIZE: Size = (780.0, 560.0)


def draw_front(
    runs: Runs,
    names: Sequence[str],
    references: Mapping[str, Metrics],
    scale: Scale,
    background: Runs | None = None,
    *,
    tells: bool = True,
    width: float | None = None,
) -> Drawing:
    """Return the front over two or three metrics, before a density if there are two.

    `tells` whether a design says on hovering what it is; else that is up to the page.
    Names find their places in a figure of a `width` in inches.
    """
    points = marks(runs, names, references, scale, tells=tells)
    if len(names) == 3:
        return solid_front(names, points, scale)
    size = _FLAT_SIZE if width is None else (PIXELS * width - 90.0, _FLAT_SIZE[1])
    return flat_front(names, points, scale, background, size)


def flat_front(
    names: Sequence[str],
    points: Marks,
    scale: Scale,
    background: Runs | None,
    size: Size,
) -> Drawing:
    """Return the front over two metrics, with the density of `background` behind it."""
    shown = points.everything()
    if background is not None:
        allowed = np.asarray(background.reason == "", bool)
        behind = np.stack([scale.column(background, n)[allowed] for n in names])
        shown = np.concatenate([shown, behind], axis=1)
    axes = [
        metric_axis(scale.axis_title(n), v, most=most)
        for n, v, most in zip(names, shown, (5, 6), strict=True)
    ]
    _fold(axes[1])
    data = []
    if background is not None:
        data.append(density(behind, axes))
    few = points.front.shape[1] <= SVG_MARKS
    # One kind for all: what WebGL draws lies above what SVG draws.
    kind = "scatter" if few else "scattergl"
    data += [
        _designs(kind, points.front, points.hover, size=6 if few else 4),
        _picked(kind, 2, size=13),
        *(_named(kind, mark, size=11) for mark in points.named),
    ]
    layout = house_layout(
        height=360,
        hovermode="closest",
        xaxis=axes[0],
        yaxis=axes[1],
        annotations=_name_labels(points, axes, size, seen_flat),
    )
    return {"data": data, "layout": layout}


def solid_front(names: Sequence[str], points: Marks, scale: Scale) -> Drawing:
    """Return the front over three metrics, to be turned by hand."""
    kind = "scatter3d"
    axes = [
        metric_axis(scale.axis_title(n), v, most=5)
        for n, v in zip(names, points.everything(), strict=True)
    ]
    _fold(axes[2])
    data = [
        _designs(kind, points.front, points.hover, size=4),
        _picked(kind, 3, size=9),
    ]
    floor = value_at(axes[2], axes[2]["range"][0])
    for mark in points.named:
        data += [_stem(mark, floor), _named(kind, mark, size=6)]
    common = {"backgroundcolor": "white", "showbackground": True, "showspikes": False}
    scene = {
        f"{letter}axis": {**axis, **common, "tickfont": {"size": 12}}
        for letter, axis in zip("xyz", axes, strict=True)
    }
    layout = house_layout(height=560) | {
        "scene": {
            **scene,
            "camera": camera(),
            "aspectmode": "cube",
            "dragmode": "turntable",
            "annotations": _name_labels(points, axes, _SOLID_SIZE, seen_by_camera),
        },
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
    }
    return {"data": data, "layout": layout}


def _fold(axis: dict[str, Any]) -> None:
    """Break the title of an upright axis where it is longer than the axis."""
    title = axis["title"]
    title["text"] = "<br>".join(wrap(title["text"], _UPRIGHT))


def _designs(kind: str, places: Rows, hover: list[str] | None, *, size: int) -> Trace:
    return {
        "type": kind,
        **_coordinates(places.astype(np.float32)),
        "mode": "markers",
        "marker": {
            "size": size,
            "color": ACCENT,
            "line": {"width": 0.5, "color": "white"},
        },
        "hoverinfo": "text",
        **({} if hover is None else {"hovertext": hover}),
        "name": "front",
    }


def _picked(kind: str, dimensions: int, *, size: int) -> Trace:
    """Return a ring, empty at first, that a page may put around a design."""
    return {
        "type": kind,
        **_coordinates(np.full((dimensions, 1), np.nan)),
        "mode": "markers",
        "marker": {
            "size": size,
            "symbol": "circle-open",
            "color": INK,
            "line": {"width": 2},
        },
        "hoverinfo": "skip",
        "name": "picked",
    }


def _named(kind: str, mark: Mark, *, size: int) -> Trace:
    return {
        "type": kind,
        **_coordinates(np.reshape(mark.place, (-1, 1))),
        "mode": "markers",
        "marker": {
            "size": size,
            "symbol": mark.symbol,
            "color": mark.colour,
            "line": {"width": 1.5, "color": "white"},
        },
        "hovertext": mark.hover,
        "hoverinfo": "text",
        "name": mark.name,
    }


def _stem(mark: Mark, floor: float) -> Trace:
    """Return the line from a point down to the floor, which gives it its place."""
    x, y, z = mark.place
    return {
        "type": "scatter3d",
        "x": [x, x],
        "y": [y, y],
        "z": [z, floor],
        "mode": "lines",
        "line": {"color": GREY_DARK, "width": 2},
        "hoverinfo": "skip",
        "name": f"stem of {mark.name}",
    }


def _coordinates(places: Rows) -> dict[str, Rows]:
    return dict(zip("xyz", places, strict=False))


def _name_labels(
    points: Marks, axes: list[dict[str, Any]], size: Size, seen: Any
) -> list[dict[str, Any]]:
    """Return the names of a plot's marks, each with a line to its point.

    `seen` turns places between the ends of the axes, 0..1, into pixels of the plot.
    """
    if not points.named:
        return []
    ends = np.asarray([axis["range"] for axis in axes]).T

    def pixels(places: Rows) -> Rows:
        return seen((places - ends[0]) / (ends[1] - ends[0]), size)  # type: ignore[no-any-return]

    def placed(rows: Any) -> Rows:
        columns = zip(axes, np.transpose(rows), strict=True)
        return np.stack([along(axis, values) for axis, values in columns], axis=-1)

    named = placed([mark.place for mark in points.named])
    offsets = label_places(
        pixels(named),
        [mark.name for mark in points.named],
        pixels(placed(points.front.T)),
        size,
    )
    return [
        {
            **dict(zip("xyz", place, strict=False)),
            "ax": right,
            "ay": down,
            "text": f"<b>{mark.name}</b>",
            "font": {"color": mark.colour, "size": 12},
            "arrowcolor": GREY_DARK,
            "arrowwidth": 1,
            "arrowhead": 0,
            "standoff": 6,
            "bgcolor": "rgba(255,255,255,0.75)",
            "borderpad": 1,
        }
        for mark, place, (right, down) in zip(points.named, named, offsets, strict=True)
    ]
