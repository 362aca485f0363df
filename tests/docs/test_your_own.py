"""The page on engines of one's own: its code is what `dse new` writes, and runs."""

from __future__ import annotations

from pathlib import Path
from string import Template

import pytest

from dse.contract.check import LAWS, SLOW_LAWS
from tests.docs.run_page import ROOT, blocks, run_page

PAGE = ROOT / "docs" / "your_own.md"


def test_the_engine_of_the_page_is_the_one_that_is_written() -> None:
    start = ROOT / "dse" / "starts" / "engine" / "engine.py.txt"
    written = Template(start.read_text()).substitute(name="systolic", Name="Systolic")
    assert ("python", written) in blocks(PAGE)


def test_the_page_lists_every_law() -> None:
    text = PAGE.read_text()
    for name, law in (LAWS | SLOW_LAWS).items():
        assert f"| {name} | {(law.__doc__ or '').splitlines()[0]} |" in text


@pytest.mark.nightly  # minutes
@pytest.mark.parametrize("page", ["your_own", "tutorial", "install"])
def test_everything_on_a_page_runs(page: str, tmp_path: Path) -> None:
    run_page(ROOT / "docs" / f"{page}.md", tmp_path)
