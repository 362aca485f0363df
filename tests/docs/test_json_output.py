"""What `--json` prints has the keys that the page lists: programs may rest on it."""

from __future__ import annotations

import sys

import pytest

from tests.docs.run_page import ROOT

sys.path.insert(0, str(ROOT / "docs"))

from json_output import COMMANDS, PAGE, listing, section

BY_DAY = ("explain", "engines NAME")


@pytest.mark.parametrize(
    "title",
    [
        pytest.param(title, marks=[] if title in BY_DAY else [pytest.mark.nightly])
        for title in COMMANDS
    ],
)
def test_the_page_lists_the_keys_of_a_verb(title: str) -> None:
    assert section(title, listing(COMMANDS[title])) in PAGE.read_text()
