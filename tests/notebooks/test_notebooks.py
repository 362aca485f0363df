"""The notebooks run as they are, on public names alone, and keep no outputs."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

import dse

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TIMES = 20  # a kernel that hangs once in many is found
LONGEST_CELL = 280.0  # seconds; a guard against hanging, no claim about speed


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Any:
    return nbformat.read(request.param, as_version=4)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 2


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


@pytest.mark.filterwarnings("default")  # of the kernel and its messages, not ours
def test_a_notebook_runs_and_never_offers_to_upload(notebook: Any) -> None:
    run = executed(notebook)
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
