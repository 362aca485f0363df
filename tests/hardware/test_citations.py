"""Citations: BibTeX of what numbers rest on."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from dse.errors import InputError
from dse.hardware.citations import cite, read_bibtex
from dse.shipped import hw_params_folder


def entries(bibtex: str) -> list[str]:
    return re.findall(r"^@\w+\{([^,]+),", bibtex, re.MULTILINE)


def test_a_paper_brings_along_the_artefact_its_numbers_were_read_in() -> None:
    assert entries(cite("stillmaker2017scaling")) == [
        "stillmaker2017scaling",
        "accelergy2024library",
    ]


def test_each_source_is_cited_once_in_the_order_asked() -> None:
    asked = ["stillmaker2017scaling", "tuli2023acceltran", "stillmaker2017scaling"]
    assert entries(cite(asked)) == [
        "stillmaker2017scaling",
        "accelergy2024library",
        "tuli2023acceltran",
        "jhalab2022acceltran",
    ]


def test_an_entry_is_whole() -> None:
    entry = cite("accelergy2024library")
    assert entry.startswith("@misc{accelergy2024library,")
    assert entry.endswith("\n}")
    assert entry.count("{") == entry.count("}")


def test_your_own_bibliography_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "references.bib").write_text("@misc{me2026,\n  title = {Mine},\n}\n")
    assert entries(cite(["me2026"], beside=tmp_path)) == ["me2026"]


def test_an_unknown_source_is_answered_with_the_closest_known_one() -> None:
    with pytest.raises(InputError, match="Did you mean `tuli2023acceltran`"):
        cite(["tuli2023aceltran"])


def test_what_was_held_against_its_source_says_on_which_day_and_against_what() -> None:
    known = read_bibtex(hw_params_folder() / "references.bib")
    assert [key for key, entry in known.items() if not entry.checked] == [
        "intel2019ark"
    ]
    for held in (entry.checked for entry in known.values() if entry.checked):
        day, _, what = held.partition(": ")
        assert datetime.date.fromisoformat(day) <= datetime.date(2100, 1, 1)
        assert len(what.split()) > 3
