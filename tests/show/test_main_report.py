"""The report of the main study in a real browser: quick to open, and nothing cut."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import dse
from dse.units import to_si
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


def test_live_values_are_those_of_the_design_that_is_picked(
    browser: Any, main_report: Path
) -> None:
    study, seen = dse.load_study(STUDY), set()
    with report_page(browser, main_report) as page:
        page.locator("#memory").scroll_into_view_if_needed()
        page.wait_for_selector("#memory .bars path")
        for line in page.locator("[aria-labelledby=standing] tr[data-row]").all():
            line.click()
            number = re.search(r"[\d,]+", page.inner_text("#picked-title"))
            assert number
            index = int(number[0].replace(",", ""))
            drawn = page.evaluate(
                """() => {
                    const { data, layout } = document.getElementById("memory");
                    const bars = data.filter((t) => t.type === "bar" && t.y[0] > 0);
                    const height = (t) => [`${t.name} ${t.text}`, t.y];
                    return {
                        heights: Object.fromEntries(bars.map(height)),
                        room: [data.at(-1).y[0], data.at(-1).name],
                        told: layout.title.text,
                        unit: layout.yaxis.title.text.match(/\\((.*)\\)/)[1],
                    };
                }"""
            )
            design = study.space.decode(index)
            alone = dse.plot_memory(*study.space.place(design, study.suite[0][0]))
            unit = re.findall(r"\((.*)\)", alone.layout.yaxis.title.text)[0]
            per = to_si(1.0, unit) / to_si(1.0, drawn["unit"])

            def near(values: Any, per: float = per) -> Any:
                return pytest.approx(per * np.asarray(values), rel=1e-3)

            bars = [trace for trace in alone.data if trace.type == "bar"]
            assert drawn["told"] == alone.layout.title.text
            assert drawn["room"] == [near(alone.data[-1].y[0]), alone.data[-1].name]
            assert drawn["heights"] == {f"{t.name} {t.text}": near(t.y) for t in bars}
            seen.add((drawn["told"], drawn["room"][1]))
    assert len(seen) > 1


@pytest.mark.parametrize(
    "width", [390, pytest.param(900, marks=pytest.mark.nightly), 1280]
)
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


def test_paper_takes_all_of_the_main_report_in_letters_that_can_be_read(
    browser: Any, main_report: Path
) -> None:
    with report_page(browser, main_report) as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        page.wait_for_timeout(1000)  # lines are drawn anew
        paper = page.locator("main").bounding_box()
        assert paper["width"] == pytest.approx(700, abs=2)
        ends = page.evaluate(
            """() => [...document.querySelectorAll(".scroll, .plot, .bars, p, dl")]
                .map((e) => e.getBoundingClientRect().right)"""
        )
        assert max(ends) <= paper["x"] + paper["width"] + 1
        letters = page.evaluate(
            """() => [...document.querySelectorAll("p, dd, li, td, th")]
                .filter((e) => e.checkVisibility() && !e.closest("#table"))
                .map((e) => [e.currentCSSZoom, getComputedStyle(e).fontSize])
                .map(([zoom, size]) => zoom * parseFloat(size))"""
        )
        assert min(letters) > 8  # pixels: 6 points
        assert page.faults == []


FIGURES = ("front-solid", *FRONTS, "schedule", "roofline", "memory")


def saved_by(page: Any, button: Any, folder: Path) -> Path:
    """Return the file that a button of a page saves, under the name that it gives."""
    button.scroll_into_view_if_needed()
    with page.expect_download() as saved:
        button.click(force=True)  # those of a figure show while the mouse is on it
    path = folder / str(saved.value.suggested_filename)
    saved.value.save_as(path)
    return path


def headings_apart(picture: Any) -> bool:
    """Say whether no heading of an opened picture lies on another."""
    boxes = picture.evaluate(
        """() => [...document.querySelectorAll("text[font-weight=bold]")]
            .map((e) => e.getBoundingClientRect())
            .map((b) => [b.left, b.top, b.right, b.bottom])"""
    )
    return not any(
        one[0] < other[2]
        and other[0] < one[2]
        and one[1] + 2 < other[3]  # lines of one heading lie close
        and other[1] + 2 < one[3]
        for i, one in enumerate(boxes)
        for other in boxes[:i]
    )


@pytest.mark.parametrize(
    "scheme", ["light", pytest.param("dark", marks=pytest.mark.nightly)]
)
def test_every_figure_of_the_main_report_is_saved_as_a_picture_that_opens(
    browser: Any, main_report: Path, tmp_path: Path, scheme: str
) -> None:
    with report_page(browser, main_report) as page:
        page.emulate_media(color_scheme=scheme)
        for name in FIGURES:
            page.locator(f"#{name}").scroll_into_view_if_needed()
            page.wait_for_selector(f"#{name} .modebar-btn", state="attached")
        assert page.locator(".js-plotly-plot").count() == len(FIGURES)
        buttons = [page.locator(f"#{name} .modebar-btn").first for name in FIGURES]
        buttons += page.locator("caption button").all()
        buttons.append(page.locator("#save-lines"))
        files = [saved_by(page, button, tmp_path) for button in buttons]
        assert {f"{name}.svg" for name in FIGURES} < {file.name for file in files}
        assert len(set(files)) == len(files) > 10
        assert page.faults == []
    for file in files:
        root = ElementTree.fromstring(file.read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg", file.name
        picture = watched_page(browser, 1280)
        picture.goto(file.as_uri())
        assert picture.evaluate("document.documentElement.tagName") == "svg"
        assert picture.evaluate(
            "document.documentElement.getBoundingClientRect().width"
        ) == pytest.approx(float(root.get("width") or 0), abs=1)
        assert headings_apart(picture), file.name
        assert picture.faults == []
        assert picture.asked == [file.as_uri()]
        picture.context.close()


def test_what_is_selected_on_the_main_report_is_saved_as_a_table(
    browser: Any, main_report: Path, tmp_path: Path
) -> None:
    with report_page(browser, main_report) as page:
        area = page.locator(f"#{FRONTS[0]} .nsewdrag").first
        draw_box(page, area, (0.02, 0.02), (0.6, 0.98))
        left = shown_rows(page)
        saved = pd.read_csv(saved_by(page, page.locator("#save"), tmp_path))
        assert len(saved) == left > 1
        front = dse.load(main_report.parent)
        assert isinstance(front, dse.Runs)
        known = front.to_pandas().set_index("design")
        assert set(saved.design) < set(known.index)
        for name in ("throughput_seq_per_s", "energy_mj", "area_mm2"):
            wanted = known.loc[saved.design, name].to_numpy()
            assert saved[name].to_numpy() == pytest.approx(wanted, rel=1e-3)
        assert page.faults == []
