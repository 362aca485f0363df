"""The view that reports and notebooks share: its markup, script, style and figures."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from string import Template

from dse.evaluation import Metrics
from dse.explore.runs import Runs
from dse.show import sections
from dse.show.front_figures import draw_front
from dse.show.page_data import Placed
from dse.show.scale import Scale
from dse.show.tables import Column

BUDGETS = ("area", "power", "energy")  # what a reader may bound beside objectives
MOST_BUDGETS = 5
_PAGE = Path(__file__).parent / "page"
_STARTS, _ENDS = b'"use strict";var Plotly=', b"window.Plotly = Plotly;"  # in plotly.js
_PACKED = 4  # gzip's level: what the next ones save is not worth their time


def view_html(
    columns: Sequence[Column],
    fronts: Sequence[Placed],
    scale: Scale,
    *,
    budgets: Mapping[str, bool],
    density: str,
    table_note: str,
) -> str:
    """Return the elements of the view; `budgets` say what sliders bound, and whence."""
    return Template(page_part("view.html")).substitute(
        sliders=sections.sliders(budgets, scale),
        fronts=sections.front_places([f.id for f in fronts if len(f.metrics) == 3]),
        flats=sections.plot_places([f.id for f in fronts if len(f.metrics) == 2]),
        density=escape(density),
        heads=sections.table_heads(columns),
        table_note=escape(table_note),
    )


def front_views(
    front: Runs,
    references: Mapping[str, Metrics],
    scale: Scale,
    behind: Runs,
) -> list[Placed]:
    """Return a front over its first three objectives, together and two by two."""
    metrics = [o.metric for o in front.objectives][:3]
    placed = [
        Placed(
            f"front-{'-'.join(pair)}",
            draw_front(front, pair, references, scale, behind, tells=False),
            pair,
        )
        for pair in combinations(metrics, 2)
    ]
    if len(metrics) == 3:
        solid = draw_front(front, metrics, references, scale, tells=False)
        placed.insert(0, Placed("front-solid", solid, tuple(metrics)))
    return placed


def budgets_of(front: Runs) -> dict[str, bool]:
    """Return what a reader may bound, and whether from below: objectives first."""
    wanted = {o.metric: o.maximize for o in front.objectives}
    own = {m: False for m in BUDGETS if m not in wanted and m in front.metrics}
    return dict(list({**wanted, **own}.items())[:MOST_BUDGETS])


def packed_plotly() -> str:
    """Return plotly.js packed by gzip, as Base64; two of five bytes are left.

    It is found without loading Plotly, which takes a second. The function that loaders
    of modules want around it is left out: a browser would read all that it holds twice.
    """
    package = find_spec("plotly")
    assert package is not None
    assert package.origin is not None
    script = Path(package.origin).parent / "package_data" / "plotly.min.js"
    text = script.read_bytes()
    start, end = text.find(_STARTS), text.rfind(_ENDS)
    if 0 <= start < end:  # as in Plotly 6 and 7
        notice, comment_end, _ = text[:start].partition(b"*/")
        text = notice + comment_end + text[start : end + len(_ENDS)]
    return b64encode(gzip.compress(text, _PACKED, mtime=0)).decode()


def view_style() -> str:
    """Return the style of the view, for elements of one class and all in them."""
    return f".dse-view {{\n{page_part('view.css')}}}"


def view_script() -> str:
    """Return the script of the view."""
    return "\n".join(map(page_part, ("view.js", "lines.js")))


def page_part(name: str) -> str:
    """Return a file of the page."""
    return (_PAGE / name).read_text(encoding="utf-8")
