"""The report of the main study in a real browser: quick to open, and nothing cut."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.browser import open_browser, report_page, watched_page
from tests.show.test_report import draw_box, shown_rows, strong_points

STUDY = Path(__file__).parents[2] / "studies" / "acceltran_design_space"
OPENS = 2.0  # seconds of a processor, up to the first chart
FRONTS = ("front-throughput-energy", "front-throughput-area", "front-energy-area")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def main_report(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("main")
    told = ["sweep", str(STUDY), "--out", str(folder)]
    subprocess.run(
        [sys.executable, "-m", "dse", *told], check=True, capture_output=True
    )
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with open_browser(chromium) as browser:
        yield browser


def seconds_to_first_chart(browser: Any, report: Path) -> float:
    """Return the processor time of the page's main thread, where all its work is done.

    On a machine with nothing else to do that is the time on the clock; on a busy one
    the clock says more of the others. A chart has its marks, and answers to the mouse.
    """
    page = watched_page(browser, 1280)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def spent() -> float:
        told = session.send("Performance.getMetrics")["metrics"]
        return float(next(m["value"] for m in told if m["name"] == "ThreadTime"))

    before = spent()
    page.goto(report.as_uri())
    page.wait_for_function("performance.getEntriesByName('chart').length > 0")
    after = spent()
    assert any(page.locator(f"#{name} .point").count() > 100 for name in FRONTS)
    assert any(page.locator(f"#{name} .nsewdrag").count() > 0 for name in FRONTS)
    page.context.close()
    return after - before


def test_the_main_report_opens_in_two_seconds(browser: Any, main_report: Path) -> None:
    assert min(seconds_to_first_chart(browser, main_report) for _ in range(3)) < OPENS


def test_a_box_and_a_mouse_work_on_the_main_report(
    browser: Any, main_report: Path
) -> None:
    with report_page(browser, main_report) as page:
        page.locator("#more").click()
        whole = shown_rows(page)
        assert whole > 100
        for name in FRONTS:
            assert strong_points(page, name) == whole
        area = page.locator(f"#{FRONTS[0]} .nsewdrag").first
        draw_box(page, area, (0.02, 0.02), (0.9, 0.98))
        left = shown_rows(page)
        assert 0 < left < whole
        for name in FRONTS:
            assert strong_points(page, name) == left
        page.click("#reset")
        spot = (
            page.locator(f"#{FRONTS[2]} .trace.scatter").first.locator(".point").first
        )
        spot.evaluate("e => e.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(300)
        box = spot.bounding_box()
        page.mouse.move(
            box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3
        )
        said = page.locator(f"#{FRONTS[2]} .hoverlayer .hovertext").text_content()
        for unit in ("seq/s", "mJ", "mm²", "W"):
            assert unit in said
        assert page.faults == []
        assert page.asked == [main_report.as_uri()]


@pytest.mark.parametrize("width", [390, 900, 1280])
def test_nothing_of_the_main_report_is_cut(
    browser: Any, main_report: Path, width: int
) -> None:
    """Only the lines and the table of all designs are wider than a screen, and scroll.

    Names of the bars are in the room that they have; texts of figures do not collide.
    """
    with report_page(browser, main_report, width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = page.evaluate(
            """() => [...document.querySelectorAll(".scroll, .bars td, .bars th")]
                .filter((e) => e.scrollWidth > e.clientWidth + 1)
                .filter((e) => !e.querySelector("#table, #parallel"))
                .map((e) => e.textContent)"""
        )
        assert [text for text in cut if text] == []
        slimmest = page.evaluate(
            """() => Math.min(...[...document.querySelectorAll(".cards td.long")]
                .map((e) => e.clientWidth))"""
        )
        assert slimmest > 140
        page.locator("#memory").scroll_into_view_if_needed()
        page.wait_for_selector("#memory .xtick")
        ticks = page.evaluate(
            """() => [...document.querySelectorAll("#memory .xtick text")]
                .map((e) => e.getBoundingClientRect()).map((b) => [b.left, b.right])"""
        )
        ticks.sort()
        for (_, end), (start, _) in pairwise(ticks):
            assert end <= start + 1
        page.locator("#roofline").scroll_into_view_if_needed()
        page.wait_for_selector("#roofline .xtick")
        upright = page.evaluate(
            """() => [...document.querySelectorAll("#roofline .xtick text")]
                .map((e) => e.getBoundingClientRect()).some((b) => b.height > 20)"""
        )
        assert not upright
        assert page.faults == []


def test_bars_and_shares_are_printed_in_their_colours(
    browser: Any, main_report: Path
) -> None:
    """Browsers leave out backgrounds; the front in space would be an empty frame."""
    with report_page(browser, main_report) as page:
        page.emulate_media(media="print")
        for part in ("#breakdown .bar i", "#time-bars .bar i", ".choices span"):
            adjusted = page.locator(part).first.evaluate(
                "e => getComputedStyle(e).printColorAdjust"
            )
            assert adjusted == "exact", part
        assert not page.locator("#front-solid").is_visible()
        assert re.search("[1-9]", page.locator("#breakdown").inner_text())
