"""A browser without a network, and pages that note what goes wrong on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def open_browser(chromium: str) -> Iterator[Any]:
    """Yield Playwright's browser of a Chromium at a path."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def empty_page(browser: Any) -> Any:
    """Return a page that cannot reach any network."""
    return browser.new_context(offline=True).new_page()


def watched_page(browser: Any, width: int, height: int = 900) -> Any:
    """Return an empty page of a size; it fills `page.faults` and `page.asked`."""
    page = empty_page(browser)
    page.set_viewport_size({"width": width, "height": height})
    page.faults, page.asked = [], []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on(
        "console",
        lambda said: page.faults.append(said.text) if said.type == "error" else None,
    )
    page.on("request", lambda request: page.asked.append(request.url))
    return page


@contextmanager
def report_page(
    browser: Any, report: Path, width: int = 1280, height: int = 900
) -> Iterator[Any]:
    """Yield a page with a report, all of it ready."""
    page = watched_page(browser, width, height)
    page.goto(report.as_uri())
    page.wait_for_selector("body[data-ready]")
    yield page
    page.context.close()
