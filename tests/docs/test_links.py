"""Links lead somewhere, in the repository as on the site, where a build checks them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.run_page import ROOT

PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "studies").glob("*/README.md")),
    *sorted(ROOT.glob("*.md")),
]
MADE = ("reference/", "studies/index")  # when the site is built


def prose(page: Path) -> str:
    """What a page says, without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for link in links(page):
        place = link.partition("#")[0]
        if "://" not in link and place and not place.startswith(MADE):
            assert (page.parent / place).is_file(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_address_is_a_well_formed_one(page: Path) -> None:
    for address in re.findall(r"\b\w+://[^\s)>\"`]+", prose(page)):
        parts = urlsplit(address)
        assert parts.scheme in ("https", "tcp"), address
        if parts.scheme == "https":
            assert re.fullmatch(r"([\w-]+\.)+[a-z]{2,}", parts.netloc), address


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_one_title(page: Path) -> None:
    assert len(re.findall(r"^# ", prose(page), re.M)) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_links_to_the_pages_that_it_names(page: Path) -> None:
    if page.name != "CHANGELOG.md":
        named = r"(?<!\[)`(?:docs/\w+\.md|studies/\w+)`"
        assert re.findall(named, prose(page)) == []
