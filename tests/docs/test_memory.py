"""The page on memory: its picture is as it is drawn, its numbers are the model's."""

from __future__ import annotations

import re

import pytest

import dse
from tests.docs.run_page import ROOT, blocks

DOCS = ROOT / "docs"
PAGE = DOCS / "memory.md"


def test_the_picture_is_the_one_that_is_drawn() -> None:
    gpt2 = dse.transformer("gpt2", seq_len=1024)
    figure = dse.plot_memory(dse.TileEngine.edge(), gpt2)
    picture = (DOCS / "memory.svg").read_text()
    bars = re.findall(r'class="point"><path d="M[\d.]+,([\d.]+)V([\d.]+)H', picture)
    heights = [abs(float(low) - float(high)) for low, high in bars]
    drawn = [height for t in figure.data if t.type == "bar" for height in t.y]
    share = heights[0] / drawn[0]  # pixels a MiB
    assert heights == pytest.approx([share * height for height in drawn], abs=0.05)
    for trace in figure.data:
        assert trace.name in picture
    for title in figure.layout.xaxis.ticktext:
        assert all(f">{line}<" in picture for line in title.split("<br>"))


def test_numbers_of_the_text_are_those_of_the_model() -> None:
    bert = dse.transformer("bert-base", seq_len=128, batch=64)
    figure = dse.plot_memory(dse.TileEngine.server(), bert)
    assert "27.3 of 64 sequences" in figure.layout.title.text
    tensor = 128 * 768 * 2.5 / 2**20
    assert f"{tensor:.3f}" == "0.234"
    assert f"{27.3 * 5 * tensor:.1f}" == "32.0"
    text = PAGE.read_text().replace("\n", " ")
    assert "five tensors of 0.234 MiB for each of them are 32 MiB" in text
    printed = "".join(block for language, block in blocks(PAGE) if language == "text")
    assert "131072" in printed
    assert "163840" in printed
