"""The page on memory is run word for word, and its picture is the one that is drawn."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "memory.md").read_text()
BLOCKS = re.findall(r"```(python|text)\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def run() -> tuple[dict[str, Any], str]:
    """What the blocks of the page define, and what they print."""
    names: dict[str, Any] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for language, block in BLOCKS:
            if language == "python":
                exec(compile(block, "docs/memory.md", "exec"), names)
    return names, printed.getvalue()


def test_the_examples_print_what_the_page_says(run: tuple[dict, str]) -> None:
    said = "".join(block for language, block in BLOCKS if language == "text")
    assert run[1] == said
    for number in ("131072", "163840"):
        assert number in said


def test_the_picture_is_the_one_that_is_drawn(run: tuple[dict, str]) -> None:
    figure, picture = run[0]["picture"], (DOCS / "memory.svg").read_text()
    bars = re.findall(r'class="point"><path d="M[\d.]+,([\d.]+)V([\d.]+)H', picture)
    heights = [abs(float(low) - float(high)) for low, high in bars]
    drawn = [height for t in figure.data if t.type == "bar" for height in t.y]
    share = heights[0] / drawn[0]  # pixels a MiB
    assert heights == pytest.approx([share * height for height in drawn], abs=0.05)
    for trace in figure.data:
        assert trace.name in picture
    for title in figure.layout.xaxis.ticktext:
        assert all(f">{line}<" in picture for line in title.split("<br>"))


def test_numbers_of_the_text_are_those_of_the_model(run: tuple[dict, str]) -> None:
    dse = run[0]["dse"]
    bert = dse.transformer("bert-base", seq_len=128, batch=64)
    figure = dse.plot_memory(dse.TileEngine.server(), bert)
    assert "27.3 of 64 sequences" in figure.layout.title.text
    tensor = 128 * 768 * 2.5 / 2**20
    assert f"{tensor:.3f}" == "0.234"
    assert f"{27.3 * 5 * tensor:.1f}" == "32.0"
    assert "five tensors of 0.234 MiB for each of them are 32 MiB" in (
        PAGE.replace("\n", " ")
    )
