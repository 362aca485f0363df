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
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def at_width(browser: Any, width: int) -> Any:
    """Return an empty page of a width; it fills `page.faults` and `page.asked`."""
    page = browser.new_context(offline=True).new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.faults, page.asked = [], []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on(
        "console",
        lambda said: page.faults.append(said.text) if said.type == "error" else None,
    )
    page.on("request", lambda request: page.asked.append(request.url))
    return page


def seconds_to_first_chart(browser: Any, report: Path) -> float:
    """Return the processor time of the page's main thread, where all its work is done.

    On a machine with nothing else to do that is the time on the clock; on a busy one
    the clock says more of the others. A chart has its marks, and answers to the mouse.
    """
    page = at_width(browser, 1280)
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
    page = at_width(browser, 1280)
    page.goto(main_report.as_uri())
    page.wait_for_selector("body[data-ready]")
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
    spot = page.locator(f"#{FRONTS[2]} .trace.scatter").first.locator(".point").first
    spot.evaluate("e => e.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(300)
    box = spot.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    said = page.locator(f"#{FRONTS[2]} .hoverlayer .hovertext").text_content()
    for unit in ("seq/s", "mJ", "mm²", "W"):
        assert unit in said
    assert page.faults == []
    assert page.asked == [main_report.as_uri()]
    page.context.close()


@pytest.mark.parametrize("width", [390, 900, 1280])
def test_nothing_of_the_main_report_is_cut(
    browser: Any, main_report: Path, width: int
) -> None:
    """Only the lines and the table of all designs are wider than a screen, and scroll.

    Names of the bars are in the room that they have; texts of figures do not collide.
    """
    page = at_width(browser, width)
    page.goto(main_report.as_uri())
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".scroll, .bars td, .bars th")]
            .filter((e) => e.scrollWidth > e.clientWidth + 1)
            .map((e) => e.querySelector("#table, #parallel") ? "" : e.textContent)"""
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
    page.context.close()


def test_bars_and_shares_are_printed_in_their_colours(
    browser: Any, main_report: Path
) -> None:
    """Browsers leave out backgrounds; the front in space would be an empty frame."""
    page = at_width(browser, 1280)
    page.goto(main_report.as_uri())
    page.wait_for_selector("body[data-ready]")
    page.emulate_media(media="print")
    for part in ("#breakdown .bar i", "#time-bars .bar i", ".choices span"):
        adjusted = page.locator(part).first.evaluate(
            "e => getComputedStyle(e).printColorAdjust"
        )
        assert adjusted == "exact", part
    assert not page.locator("#front-solid").is_visible()
    assert re.search("[1-9]", page.locator("#breakdown").inner_text())
    page.context.close()
