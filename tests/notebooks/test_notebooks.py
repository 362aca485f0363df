"""The notebooks run as they are, on public names alone, and keep no outputs."""

from __future__ import annotations

import copy
import json
import re
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

import nbclient
import nbformat
import pytest

import dse

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TAUGHT = ("quick start", "exploration", "sparsity", "tuning", "how sure", "engine")
TIMES = 20  # a kernel that hangs once in many is found
LONGEST = 60.0  # seconds that a notebook may take
LONGEST_CELL = 280.0  # seconds; a guard against hanging, no claim about speed
FIRST = pytest.param(NOTEBOOKS[0], id=NOTEBOOKS[0].stem)
BY_NIGHT = [
    pytest.param(path, id=path.stem, marks=pytest.mark.nightly)
    for path in NOTEBOOKS[1:]
]


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Any:
    return nbformat.read(request.param, as_version=4)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_is_a_notebook_for_each_thing_that_is_taught() -> None:
    titles = [nbformat.read(p, as_version=4).cells[0].source for p in NOTEBOOKS]
    assert len(titles) == len(TAUGHT)
    for title, taught in zip(titles, TAUGHT, strict=True):
        assert taught in title.partition("\n")[0].lower()


def test_a_notebook_keeps_no_outputs(notebook: Any) -> None:
    assert all(
        not cell.outputs and cell.execution_count is None for cell in code(notebook)
    )


def test_a_notebook_uses_public_names_only(notebook: Any) -> None:
    text = "\n".join(cell.source for cell in code(notebook))
    assert not re.search(r"from dse|import dse\.", text)
    used = set(re.findall(r"\bdse\.(\w+)", text))
    assert used
    assert used <= set(dse.__all__)


def test_a_notebook_leads_to_the_next() -> None:
    for path, after in pairwise(NOTEBOOKS):
        last = nbformat.read(path, as_version=4).cells[-1].source
        assert f"({after.name})" in last, path.name


def executed(notebook: Any) -> Any:
    return nbclient.NotebookClient(
        copy.deepcopy(notebook),
        timeout=LONGEST_CELL,
        resources={"metadata": {"path": str(FOLDER)}},
    ).execute()


@pytest.mark.nightly
@pytest.mark.parametrize("time", range(1, TIMES + 1))
@pytest.mark.filterwarnings("default")
def test_a_notebook_ends_every_time(notebook: Any, time: int) -> None:
    run = executed(notebook)
    assert all(cell.execution_count for cell in code(run) if cell.source.strip())


@pytest.mark.parametrize("path", [FIRST, *BY_NIGHT])
@pytest.mark.filterwarnings("default")  # of the kernel and its messages, not ours
def test_a_notebook_runs_in_a_minute_and_its_page_keeps_every_plot(path: Path) -> None:
    exporter = pytest.importorskip("nbconvert").HTMLExporter()
    start = monotonic()
    run = executed(nbformat.read(path, as_version=4))
    assert monotonic() - start < LONGEST
    figures = 0
    for cell in code(run):
        for output in cell.outputs:
            figure = output.get("data", {}).get("application/vnd.plotly.v1+json")
            if figure is not None:
                figures += 1
                assert figure["config"]["showSendToCloud"] is False
            else:
                assert '"showSendToCloud": true' not in json.dumps(output)
    assert figures
    page = exporter.from_notebook_node(run)[0]
    explored = page.count('<div id="dse-still-')  # a figure where no view is drawn
    assert len(re.findall(r"Plotly\.newPlot\(\s*[\"']", page)) == figures + explored
