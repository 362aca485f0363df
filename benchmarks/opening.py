"""How long a first answer and the opening of a report take, by the clock.

    python -m benchmarks.opening results/acceltran_design_space/report.html

Medians of `TIMES`, with the least and the most: of `dse evaluate` as a command of its
own whose cache of traced models is empty, and of a report in Chromium, from its first
byte until its first and its last flat chart are there. Run it on a machine with nothing
else to do. Needs a Chromium, in BROWSER_PATH or on the path.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

TIMES = 5
ENGINES = ("tile", "nm", "crossbar")
WIDTHS = (1280, 390)  # pixels
MARKS = "performance.getEntriesByName('chart').map((mark) => mark.startTime / 1000)"


def first_answer(engine: str) -> float:
    """Return the seconds of a first `dse evaluate` of BERT-Base on an engine."""
    told = [sys.executable, "-m", "dse", "evaluate", "--engine", engine]
    with tempfile.TemporaryDirectory() as cache:
        start = time.perf_counter()
        subprocess.run(
            [*told, "--workload", "bert-base"],
            env=os.environ | {"DSE_CACHE": cache},
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - start


def charts(browser: Any, report: Path, width: int) -> list[float]:
    """Return the seconds after which the flat charts of a report are there."""
    page = browser.new_context(
        offline=True, viewport={"width": width, "height": 900}
    ).new_page()
    page.goto(report.absolute().as_uri())
    page.wait_for_selector("body[data-ready]")
    marks: list[float] = page.evaluate(MARKS)
    page.context.close()
    return marks


def tell(what: str, seconds: Sequence[float]) -> None:
    """Print the median of some times, and between which they lie."""
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    print(f"{what:40} {middle:.2f} s ({low:.2f} to {high:.2f})")


def main(report: Path) -> None:
    """Print all times."""
    for engine in ENGINES:
        tell(f"first answer, {engine}", [first_answer(engine) for _ in range(TIMES)])
    browser_path = os.environ.get("BROWSER_PATH") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"]
        )
        for width in WIDTHS:
            found = [charts(browser, report, width) for _ in range(TIMES)]
            tell(f"first chart, {width} pixels", [marks[0] for marks in found])
            tell(f"all flat charts, {width} pixels", [marks[-1] for marks in found])
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
