"""Every page is run word for word: no block stands there that nobody can paste."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.run_page import ROOT, RUN, blocks, run_page, steps

PAGES = {path.stem: path for path in sorted((ROOT / "docs").glob("*.md"))}
# More than some three seconds each.
NIGHTLY = (
    "certificates",
    "large_sweeps",
    "measured_sparsity",
    "models",
    "serving",
    "tuning",
    "tutorial",
    "your_own",
)
TOLD = ("text", "toml", "{toctree}", "{include}")  # printed, in a file, or of the site


@pytest.mark.parametrize("name", PAGES)
def test_each_block_is_run_or_known_to_be_none_that_runs(name: str) -> None:
    assert {language for language, _ in blocks(PAGES[name])} <= {*RUN, *TOLD}


def test_pages_for_the_night_are_pages_with_something_to_run() -> None:
    assert all(steps(PAGES[name]) for name in NIGHTLY)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.nightly] if name in NIGHTLY else [])
        for name, page in PAGES.items()
        if steps(page)
    ],
)
def test_a_page_runs_as_it_is_read(name: str, tmp_path: Path) -> None:
    run_page(PAGES[name], tmp_path)
