"""The command line in this process, and a study that takes seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dse.cli.main import main
from dse.explore.runs import Runs
from dse.study.study import load_study

SMALL = """\
question = "Which of eight machines runs BERT-Tiny best?"
engine = "tile"
preset = "edge"
technology = "acceltran"
objectives = ["max:throughput", "min:energy", "min:area"]

[[workload]]
model = "bert-tiny"
activation_density = 0.5
why_density = "stated: for a test"

[space]
pes = [64, 128]
lanes_per_pe = [8, 16]
batch = [4, 16]

[reference]
Edge = { preset = "edge", batch = 4 }
"""


@dataclass(frozen=True)
class Answer:
    """What one call of `dse` came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Dse = Callable[..., Answer]


@pytest.fixture(autouse=True)
def _a_clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports tell the minute they were made in; tests that compare two may span it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764374400")


@pytest.fixture
def dse(capsys: pytest.CaptureFixture[str]) -> Dse:
    """Call `dse` as `dse("params", "acceltran")`."""

    def call(*arguments: str | Path) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Answer(int(ended.value.code or 0), said.out, said.err)

    return call


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The front of the study of eight machines."""
    file = tmp_path_factory.mktemp("eight") / "study.toml"
    file.write_text(SMALL)
    return load_study(file).run(progress=False)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The folder of a study of eight machines."""
    folder = tmp_path / "eight_machines"
    folder.mkdir()
    (folder / "study.toml").write_text(SMALL)
    return folder
