from __future__ import annotations

import gzip
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse.errors import InputError
from dse.explore.evaluator import Evaluator
from dse.explore.runs import Runs
from dse.explore.space import meaning_of
from dse.show import words
from dse.show.labels import describe_design, field_label
from dse.show.report import write_report
from dse.show.summary_text import summary_text
from dse.study.study import Study
from dse.study.summary import summarize
from tests.browser import open_browser, report_page

LARGEST = 3e6  # bytes; Plotly alone is 2e6, packed
LEAST_FONT = 12.0  # pixels


def test_a_report_is_one_file_of_moderate_size(report: Path) -> None:
    assert [path.name for path in report.parent.iterdir()] == ["report.html"]
    assert report.stat().st_size < LARGEST


def test_a_report_holds_plotly_once_and_asks_for_no_other_file(report: Path) -> None:
    html = report.read_text()
    [packed] = re.findall(r'id="plotly">([^<]*)<', html)
    plotly = gzip.decompress(b64decode(packed)).decode()
    assert plotly.startswith("/**\n* plotly.js v")
    assert "* Licensed under the MIT license" in plotly[:200]
    assert "factory" not in plotly[:400]  # what loaders want is read twice
    assert "* plotly.js v" not in html
    assert not re.search(r"<(?:script|img|iframe)[^>]*\ssrc=|<link\b", html)
    assert "default-src 'none'" in html


def test_a_report_says_what_each_axis_and_each_name_of_a_value_means(
    report: Path, front: Runs
) -> None:
    html, design = report.read_text(), front.space.design
    choices = html[html.index("What the front chooses") :]
    for name in front.space.axes:
        known = meaning_of(design, name)
        assert (
            known.doc == field_label(name, known.unit) or escape(known.doc) in choices
        )
    assert "rram_16_2_2: 16 banks, 2 ranks, 2 channels" in choices


def test_what_a_study_says_is_text_and_never_markup(report: Path) -> None:
    html = report.read_text()
    assert "at &lt;any&gt; price &amp; size?" in html
    assert "<any>" not in html


def test_a_report_says_the_answer_in_words(
    study: Study, front: Runs, report: Path
) -> None:
    html = report.read_text().replace("\u00a0", " ")
    summary = summarize(study, front)
    assert words.lead(summary) in html
    assert words.knee(summary) in html
    for standing in summary.standings:
        batch = study.reference_batches.get(standing.name)
        assert words.standing(standing, front, batch) in html


def test_a_report_names_sources_densities_and_versions(
    study: Study, report: Path
) -> None:
    html = report.read_text()
    for key in study.sources:
        assert f"<code>{key}</code>" in html
    assert "Well-Read Students Learn Better" in html
    assert "stated: for a test" in html
    assert re.search(r"plotly \d+\.\d+", html)


def test_a_report_says_what_made_it_and_when(report: Path) -> None:
    html = report.read_text()
    assert "dse sweep small --out &lt;results&gt;" in html
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", html)


def test_an_empty_front_has_no_report(
    study: Study, front: Runs, evaluator: Evaluator, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="Loosen what is broken most"):
        write_report(study, front.take([]), tmp_path / "no.html", evaluator=evaluator)
    assert not list(tmp_path.iterdir())


def test_a_place_is_tried_before_the_work(
    study: Any, front: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dse.show.report.summarize", None)
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file" / "x.html", "a" * 300, "a\x00b"):
        with pytest.raises(InputError, match=r"give (the name|a)"):
            write_report(study, front, place)


def test_the_words_say_how_a_machine_stands(study: Study, front: Runs) -> None:
    summary = summarize(study, front)
    assert words.lead(summary) == (
        f"Of {study.space.size:,} designs, {len(front)} keep the rules of the space "
        "and area ≤ 80 mm², and no other that does beats them in throughput, energy "
        "per sequence and chip area."
    )
    for standing in summary.standings:
        text = words.standing(standing, front, 4.0)
        count = len(standing.beaten_by)
        assert text.startswith(f"{standing.name} at batch 4 (")
        assert ("no design" if count == 0 else f"{count}") in text
    assert words.listed(["a", "b", "c"]) == "a, b and c"


def test_a_published_machine_that_breaks_limits_is_no_answer(
    study: Study, front: Runs
) -> None:
    asked = replace(study, limits=("area <= 5 mm^2",))
    for standing in summarize(asked, front).standings:
        assert "breaks limits itself: area ≤ 5 mm²" in words.standing(
            standing, front, None
        )
    free = summarize(replace(study, limits=()), front)
    assert not any(standing.breaks for standing in free.standings)


def test_choices_that_all_designs_share_are_told(front: Runs) -> None:
    one = words.shared_choices(front.take([0, 0]))
    for label, value in describe_design(front.space, int(front.index[0])).items():
        assert f"{label} {value}" in one
    assert words.shared_choices(front.take([0])) == ""


def test_a_front_says_what_the_model_is_off_by(study: Study, front: Runs) -> None:
    said = words.model_error(front)
    assert re.match(
        r"Nine times in ten a machine has \S+ to \S+ times the throughput, \S+ to \S+ "
        r"times the energy and \S+ to \S+ times the chip area that stands here",
        said,
    )
    assert "Error of the tile model" in said
    assert said in " ".join(summary_text(summarize(study, front)).split())


# -- in a browser ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(chromium: str, report: Path) -> Iterator[Any]:
    """The report in a browser without a network; `page.faults` is what went wrong."""
    with (
        open_browser(chromium) as browser,
        report_page(browser, report, 1280, 800) as page,
    ):
        yield page


def shown_rows(page: Any) -> int:
    return int(page.locator("#table tbody tr").count())


def strong_points(page: Any, plot: str) -> int:
    """Designs of a flat plot that are not faint, as those that were left out are."""
    found = page.evaluate(
        f"""() => [...document.querySelector("#{plot} .trace.scatter")
            .querySelectorAll("path.point")]
            .filter((e) => getComputedStyle(e).opacity > 0.5).length"""
    )
    return int(found)


def draw_box(page: Any, area: Any, *corners: tuple[float, float]) -> None:
    """Draw with the mouse from one corner to another, in shares of an element."""
    area.evaluate("e => e.scrollIntoView({block: 'center'})")  # not under the budget
    box = area.bounding_box()
    places = [
        (box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in corners
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)


@pytest.mark.browser
def test_a_box_in_one_plot_is_a_choice_in_all(opened: Any, front: Runs) -> None:
    energies = np.sort(front.metrics["energy"]) * 1e6
    some = 3 + int(np.argmax(np.diff(np.log(energies[2:]))))  # up to the widest gap
    low, high = energies[some - 1 : some + 1]
    share = opened.evaluate(
        f"""() => {{
            const axis = document.getElementById("front-energy-area")._fullLayout.xaxis;
            return axis.d2p({(low * high) ** 0.5}) / axis._length;
        }}"""
    )
    area = opened.locator("#front-energy-area .nsewdrag").first
    draw_box(opened, area, (0.02, 0.02), (share, 0.98))
    ends = opened.locator("#chips button").all_inner_texts()
    assert [text.split()[0] for text in ends] == ["Energy", "Chip"]
    left = shown_rows(opened)
    assert left == some
    assert opened.inner_text("#status").startswith(f"{left} of {len(front)} designs")
    for plot in ("front-energy-area", "front-throughput-energy"):
        assert strong_points(opened, plot) == left
    ranges = opened.evaluate(
        "[...document.querySelectorAll('.axis')].map((a) => a.range && a.range.length)"
    )
    assert ranges.count(2) == 2
    axis = opened.locator(".axis", has_text="PEs")
    draw_box(opened, axis, (0.5, 0.98), (0.5, 0.4))
    said = opened.locator("#chips button").last.inner_text()
    assert re.fullmatch(r"PEs [\d, ]+ ×", said)
    head = opened.locator("#table thead th").all_inner_texts().index("PEs")
    cells = opened.locator(f"#table tbody td:nth-child({head + 1})").all_inner_texts()
    assert cells
    assert set(cells) <= set(re.findall(r"\d+", said))
    axis.focus()
    opened.keyboard.press("Escape")
    assert shown_rows(opened) == left
    with opened.expect_download() as saved:
        opened.click("#save")
    lines = Path(saved.value.path()).read_text().splitlines()
    assert len(lines) == 1 + left
    assert "energy_uj_low" in lines[0]
    opened.locator("#chips button").first.click()
    opened.click("#reset")
    assert shown_rows(opened) == len(front)


@pytest.mark.browser
def test_two_designs_stand_side_by_side(opened: Any, front: Runs) -> None:
    rows = opened.locator("#table tbody tr")
    rows.first.click()
    opened.click("#pin")
    rows.last.click()
    told = opened.locator("#picked tr").all()[1:]  # after the numbers of both
    for line in told:
        one, other = line.locator("td").all_inner_texts()
        assert one == other or line.locator("td.differs").count() == 2
    assert 3 < opened.locator("#picked .differs").count() < 2 * len(told)
    heads = opened.locator("#breakdown table").first.locator("thead th")
    assert heads.count() == 5  # names, both designs, Edge and Nano
    opened.click("#pin")
    opened.locator("[aria-labelledby=standing] tbody tr").first.click()  # the knee
    assert opened.locator("#picked td").count() == opened.locator("#picked tr").count()


@pytest.mark.browser
def test_figures_of_a_report_are_saved_as_svg(opened: Any) -> None:
    from xml.etree import ElementTree

    opened.hover("#front-energy-area")
    for button in (
        "#front-energy-area .modebar-btn",
        "#breakdown caption button",
        "#save-lines",
    ):
        with opened.expect_download() as saved:
            opened.locator(button).first.click()
        root = ElementTree.fromstring(Path(saved.value.path()).read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg", button
        assert len(list(root.iter())) > 10, button


@pytest.mark.browser
def test_a_report_draws_its_other_figures_when_they_are_seen(
    opened: Any, report: Path
) -> None:
    waiting = ["#front-solid canvas", "#roofline .point"]
    waiting += ["#schedule .bars path", "#memory .bars path"]
    with report_page(opened.context.browser, report, 1280, 600) as page:
        for marks in waiting:
            assert not page.locator(marks).count()
        for marks in waiting:
            page.locator(marks.split()[0]).scroll_into_view_if_needed()
            page.wait_for_selector(marks)


@pytest.mark.browser
def test_a_front_in_space_that_nobody_saw_is_not_drawn_for_paper(
    opened: Any, report: Path
) -> None:
    with report_page(opened.context.browser, report, 1280, 600) as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.wait_for_selector("#memory .bars path")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert not page.locator("#front-solid canvas").count()
        page.locator("#front-solid").scroll_into_view_if_needed()
        page.wait_for_selector("#front-solid canvas")
        space = "e => [e._fullLayout.width, e.clientWidth]"
        drawn, wide = page.locator("#front-solid").evaluate(space)
        assert drawn == wide


@pytest.mark.browser
def test_a_report_opens_without_errors_and_without_a_network(
    opened: Any, report: Path
) -> None:
    assert opened.faults == []
    assert opened.asked == [report.as_uri()]
    assert opened.locator("#breakdown .bars .bar i").count() > 0


@pytest.mark.browser
def test_no_plot_of_a_report_has_a_cloud_or_a_logo(opened: Any) -> None:
    titles = opened.eval_on_selector_all(
        ".modebar-btn", "all => all.map(one => one.dataset.title || '')"
    )
    assert len(titles) > 10
    assert not [t for t in titles if re.search("share|cloud|plotly", t, re.IGNORECASE)]
    assert "Share chart" not in opened.inner_text("body")


@pytest.mark.browser
def test_hovering_over_a_design_shows_it_with_units(opened: Any, front: Runs) -> None:
    points = opened.locator("#front-throughput-energy .trace.scatter").first
    spot = points.locator("path.point").first
    spot.scroll_into_view_if_needed()
    box = spot.bounding_box()
    opened.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    label = opened.locator("#front-throughput-energy .hoverlayer .hovertext")
    text = label.text_content()
    shown = {f"Design {index:,}" for index in front.index.tolist()}
    assert any(design in text for design in shown)
    assert "µJ" in text
    assert "mm²" in text
    assert re.search(r"weight buffer: \d+ MiB", text)


@pytest.mark.browser
def test_a_budget_filters_the_table_and_the_plots(opened: Any, front: Runs) -> None:
    assert shown_rows(opened) == len(front)
    opened.evaluate(
        """() => {
            const slider = document.getElementById("budget-area_mm2");
            slider.value = 500;
            slider.dispatchEvent(new Event("input"));
        }"""
    )
    opened.wait_for_timeout(300)
    areas = front.metrics["area"]
    middle = (areas.min() * areas.max()) ** 0.5
    left = int((areas <= middle * 1.000001).sum())
    assert 0 < left < len(front)
    assert shown_rows(opened) == left
    assert opened.inner_text("#status").startswith(f"{left} of {len(front)} designs")
    assert strong_points(opened, "front-energy-area") == left
    opened.click("#reset")
    assert shown_rows(opened) == len(front)


@pytest.mark.browser
def test_a_head_of_the_table_sorts_by_its_column(opened: Any, front: Runs) -> None:
    for click, sense in ((1, "ascending"), (2, "descending")):
        opened.click("#table thead th:nth-child(4) button")
        head = opened.locator("#table thead th:nth-child(4)")
        assert head.get_attribute("aria-sort") == sense, f"after {click} clicks"
        cells = opened.locator("#table tbody td:nth-child(4)").all_inner_texts()
        areas = [float(cell.replace(",", "")) for cell in cells]
        assert len(areas) == len(front)
        assert areas == sorted(areas, reverse=sense == "descending")


@pytest.mark.browser
def test_choosing_a_row_shows_its_design(opened: Any, front: Runs) -> None:
    assert "the knee" in opened.inner_text("#picked-title")
    opened.locator("#table tbody tr").last.click()
    number = opened.locator("#table tbody tr").last.locator("td").first.inner_text()
    assert f"Design {number}" in opened.inner_text("#picked-title")
    told = opened.inner_text("#picked")
    for field in describe_design(front.space, int(front.index[0])):
        assert field in told


@pytest.mark.browser
def test_the_parts_are_those_of_the_design_that_is_chosen(
    opened: Any, study: Study, front: Runs
) -> None:
    for line in (
        opened.locator("#table tbody tr").first,
        opened.locator("#table tbody tr").last,
    ):
        line.click()
        number = line.locator("td").first.inner_text()
        known = study.evaluate_at(int(number.replace(",", "")))
        energy = opened.locator("#breakdown table").first
        assert f"Design {number}" in energy.inner_text()
        cells = energy.locator("tbody tr td:nth-child(2) b").all_inner_texts()
        told = sum(float(cell.replace(",", "")) for cell in cells)
        assert told * 1e-6 == pytest.approx(float(known.energy), rel=5e-3)
        rows = energy.locator("tbody tr").count()
        assert energy.locator("tbody td").count() == 3 * rows  # beside Edge and Nano
        compute = opened.locator("#time-bars table").last
        cells = compute.locator("tbody tr td:nth-child(3) b").all_inner_texts()
        told = sum(float(cell.replace(",", "")) for cell in cells)
        assert told * 1e-6 == pytest.approx(
            float(known.op_busy["compute"].sum()), rel=5e-3
        )
        busiest = known.bottleneck.replace("_", " ")
        assert busiest in opened.inner_text("#bottleneck").lower().replace(
            "macs", "mac"
        )


@pytest.mark.browser
def test_an_objective_is_bounded_from_the_side_that_counts(
    opened: Any, front: Runs
) -> None:
    opened.evaluate(
        """() => {
            const slider = document.getElementById("budget-throughput_seq_per_s");
            slider.value = 700;
            slider.dispatchEvent(new Event("input"));
        }"""
    )
    opened.wait_for_timeout(300)
    assert opened.inner_text("#output-throughput_seq_per_s").startswith("≥ ")
    values = front.metrics["throughput"]
    least = values.min() * (values.max() / values.min()) ** 0.7
    left = int((values >= least * (1 - 1e-9)).sum())
    assert 0 < left < len(front)
    assert shown_rows(opened) == left
    opened.click("#reset")
    assert shown_rows(opened) == len(front)


@pytest.mark.browser
def test_a_report_is_readable_in_the_dark_and_on_a_telephone(opened: Any) -> None:
    page = opened.context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def lightness(what: str) -> float:
        rgb = page.evaluate(
            f"getComputedStyle(document.body).{what}.match(/\\d+/g).map(Number)"
        )
        return float(sum(rgb)) / 3

    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(opened.url)
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    before = lightness("backgroundColor"), lightness("color")
    page.click("#theme")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.wait_for_timeout(500)
    after = lightness("backgroundColor"), lightness("color")
    assert before[0] - before[1] > 150
    assert after[1] - after[0] > 150
    title = page.evaluate(
        "getComputedStyle(document.querySelector('#front-energy-area .xtitle')).fill"
    )
    assert sum(map(int, re.findall(r"\d+", title)[:3])) > 400
    assert faults == []
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [pytest.param(900, marks=pytest.mark.nightly), 1280])
def test_a_report_is_printed_whole_and_in_black_on_white(
    opened: Any, width: int
) -> None:
    """Tables and lines are no wider than the paper, and heads are there."""
    page = opened.context.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(opened.url)
    page.wait_for_selector("body[data-ready]")
    page.click("#theme")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.wait_for_timeout(1000)
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    right, *ends = page.evaluate(
        """() => ["main", "main table", ".lines canvas"]
            .flatMap((each) => [...document.querySelectorAll(each)])
            .map((each) => each.getBoundingClientRect().right)"""
    )
    assert page.locator("main").bounding_box()["width"] == pytest.approx(700, abs=2)
    assert max(ends) <= right + 1
    head = page.locator("#table thead button").first.bounding_box()
    assert head is not None
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert page.evaluate("document.querySelector('main').style.zoom") == ""
    page.close()


@pytest.mark.browser
def test_all_text_of_a_report_can_be_read_on_a_laptop(opened: Any) -> None:
    sizes = opened.evaluate(
        """() => [...document.querySelectorAll("main *")]
            .filter((e) => [...e.childNodes]
                .some((n) => n.nodeType === 3 && n.data.trim()))
            .map((e) => parseFloat(getComputedStyle(e).fontSize))"""
    )
    assert min(sizes) >= LEAST_FONT
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_sweep_and_its_report_load_neither_pandas_nor_plotly() -> None:
    code = """
import sys
import dse.cli.sweep, dse.study.parts, dse.sweeps.sweep, dse.show.report
assert not {"pandas", "plotly", "llvmlite", "optax"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.browser
def test_the_table_and_budgets_do_not_wait_for_plots(
    opened: Any, report: Path, front: Runs
) -> None:
    page = opened.context.browser.new_context(offline=True).new_page()
    page.add_init_script("delete window.DecompressionStream")  # so none is drawn
    page.goto(report.as_uri())
    page.wait_for_function("performance.getEntriesByName('open').length == 1")
    assert shown_rows(page) == len(front)
    assert page.locator("#parallel canvas").count() == 2
