"""What `--json` prints has the keys that the page lists: programs may rest on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from dse.cli.app import app
from tests.docs.run_page import ROOT

sys.path.insert(0, str(ROOT / "docs"))

from json_output import COMMANDS, PAGE, listing, section, start

BY_DAY = ("explain", "engines NAME")
TEXT = PAGE.read_text()


def verbs(command: Any, path: str = "") -> Iterator[str]:
    """Every verb that has `--json`."""
    for name, own in getattr(command, "commands", {}).items():
        yield from verbs(own, f"{path} {name}".strip())
    if any("--json" in each.opts for each in command.params):
        yield path


def test_every_verb_that_prints_json_has_a_section_and_no_section_is_left_over() -> (
    None
):
    known = [*verbs(typer.main.get_command(app))]
    for verb in known:
        assert any(f"{asked} ".startswith(f"{verb} ") for asked in COMMANDS.values())
    told = [line[3:] for line in TEXT.splitlines() if line.startswith("## ")]
    assert told == [*COMMANDS]
    assert TEXT.startswith(start())


@pytest.mark.parametrize(
    "title",
    [
        pytest.param(title, marks=[] if title in BY_DAY else [pytest.mark.nightly])
        for title in COMMANDS
    ],
)
def test_the_page_lists_the_keys_of_a_verb(title: str) -> None:
    assert section(title, listing(title)) in TEXT
