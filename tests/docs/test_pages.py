"""Pages on language models are run as they are read, and print what they say."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.run_page import ROOT, run_page

PAGES = ["models", "serving"]


@pytest.mark.nightly
@pytest.mark.parametrize("page", PAGES)
def test_the_examples_print_what_the_page_says(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text()
    names: dict[str, Any] = {}
    printed, told = io.StringIO(), ""
    for language, block in re.findall(
        r"^```(python|text)\n(.*?)^```", text, re.M | re.S
    ):
        if language == "text":
            told += block
            continue
        with contextlib.redirect_stdout(printed):
            exec(compile(block, page, "exec"), names)
    assert printed.getvalue() == told


@pytest.mark.nightly
def test_everything_on_the_page_runs(tmp_path: Path) -> None:
    run_page(ROOT / "docs" / "serving.md", tmp_path)
