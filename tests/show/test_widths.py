"""No text of a figure lies on another, from the column of a paper to a wide screen."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

import dse

INCHES = (5.0, 7.0, 10.0)
BERT = dse.transformer("bert-tiny", seq_len=64)
EDGE = dse.TileEngine.edge()
_BOXES = """() => [...document.querySelectorAll(
    ".annotation-text, .legendtext, .xtitle, .ytitle, .xtick text, .ytick text")]
    .map((e) => [e.textContent, e.getBoundingClientRect()])
    .filter(([text, box]) => text.trim() && box.width > 0)
    .map(([text, box]) => [text, box.left, box.top, box.right, box.bottom])"""


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    found = dse.evaluate(EDGE, BERT)
    nano = dse.evaluate(dse.TileEngine.nano(), BERT)
    return {
        "time": dse.plot_time(found),
        "breakdown": dse.plot_breakdown({"edge": found, "nano": nano}),
        "compare": dse.plot_compare(dse.compare(EDGE, dse.TileEngine.nano(), BERT)),
    }


def overlaps(boxes: list[list[Any]]) -> list[tuple[str, str]]:
    """Pairs of texts that share more than a pixel in both directions."""
    found = []
    for (one, *a), (other, *b) in combinations(boxes, 2):
        wide = min(a[2], b[2]) - max(a[0], b[0])
        high = min(a[3], b[3]) - max(a[1], b[1])
        if wide > 1 and high > 1:
            found.append((one, other))
    return found


@pytest.mark.browser
@pytest.mark.parametrize("name", ["time", "breakdown", "compare"])
def test_texts_of_a_figure_keep_apart(
    page: Any, figures: dict[str, Any], name: str
) -> None:
    html = figures[name].to_html(include_mathjax=False)
    for inches in INCHES:
        page.set_viewport_size({"width": round(96 * inches), "height": 900})
        page.set_content(html)
        page.wait_for_selector(".main-svg .xtick")
        assert overlaps(page.evaluate(_BOXES)) == [], f"{name} at {inches} inches"
