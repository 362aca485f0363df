"""The page on engines of one's own: its code is what `dse new` writes."""

from __future__ import annotations

from string import Template

from dse.contract.check import LAWS, SLOW_LAWS
from tests.docs.run_page import ROOT, blocks

PAGE = ROOT / "docs" / "your_own.md"


def test_the_engine_of_the_page_is_the_one_that_is_written() -> None:
    start = ROOT / "dse" / "starts" / "engine" / "engine.py.txt"
    written = Template(start.read_text()).substitute(name="systolic", Name="Systolic")
    assert ("python", written) in blocks(PAGE)


def test_the_page_lists_every_law() -> None:
    text = PAGE.read_text()
    for name, law in (LAWS | SLOW_LAWS).items():
        assert f"| {name} | {(law.__doc__ or '').splitlines()[0]} |" in text
