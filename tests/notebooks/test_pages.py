"""A notebook that is made a page keeps its figures, without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from dse.show.figure import LEAST

FIGURES = (
    """\
import plotly.graph_objects as go
from dse.show.figure import Figure
Figure(data=[go.Bar(x=[1, 2], y=[3, 4])])""",
    "Figure(data=[go.Bar(y=[1])]).show()",
)


EXPLORED = """\
import dse
space = dse.Space(dse.TileEngine.edge(), pes=[16, 32], lanes_per_pe=[8, 16])
dse.explore(dse.sweep(space, dse.transformer("bert-tiny"), keep="all"))"""


def page_of(cells: Sequence[str], file: Path) -> tuple[Any, str]:
    """Run cells of a notebook, make a page of it; return it and the page's address."""
    exporter = pytest.importorskip("nbconvert").HTMLExporter()
    made = [nbformat.v4.new_code_cell(text) for text in cells]
    notebook = nbformat.v4.new_notebook(cells=made)
    run = nbclient.NotebookClient(notebook, timeout=120).execute()
    file.write_text(exporter.from_notebook_node(run)[0])
    return run, file.as_uri()


@pytest.mark.browser
@pytest.mark.filterwarnings("default")  # of the kernel and its messages, not ours
def test_what_is_explored_stays_a_figure_in_a_page_without_a_network(
    page: Any, tmp_path: Path
) -> None:
    _, address = page_of([EXPLORED], tmp_path / "page.html")
    page.goto(address)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert page.locator(".js-plotly-plot").first.is_visible()


@pytest.mark.browser
@pytest.mark.filterwarnings("default")  # of the kernel and its messages, not ours
def test_figures_of_a_notebook_are_drawn_in_its_page(page: Any, tmp_path: Path) -> None:
    run, address = page_of(FIGURES, tmp_path / "page.html")
    [first], [second] = (cell.outputs for cell in run.cells)
    for output in (first, second):
        assert set(output.data) == {"application/vnd.plotly.v1+json", "text/html"}
        config = output.data["application/vnd.plotly.v1+json"]["config"]
        assert config["showSendToCloud"] is False
    assert len(first.data["text/html"]) > 1e6 > len(second.data["text/html"])
    page.set_viewport_size({"width": 390, "height": 800})  # a telephone
    page.goto(address)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert page.locator(".js-plotly-plot .bars path").count() == 3
    figures = page.locator(".js-plotly-plot").all()
    assert min(each.bounding_box()["width"] for each in figures) >= LEAST
    assert page.evaluate("document.documentElement.scrollWidth") == 390
