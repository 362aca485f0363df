"""A package of somebody else, with an engine in it, as an installer leaves it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dse.cli.main import main

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n"


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `dse new engine systolic` was said."""
    folder = tmp_path_factory.mktemp("started")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SystemExit) as ended:
            main(["new", "engine", "systolic"])
    assert not ended.value.code
    return folder


def install(folder: Path, name: str) -> None:
    """Leave beside a module what tells Python of its entry point."""
    about = folder / f"{name}-0.1.0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(METADATA.format(name=name))
    text = (folder / "pyproject.toml").read_text()
    point = text.partition('[project.entry-points."dse.engines"]\n')[2].split("\n")[0]
    (about / "entry_points.txt").write_text(
        "[dse.engines]\n" + point.replace('"', "") + "\n"
    )


@pytest.fixture
def installed(started: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of that package, installed."""
    folder = started / "systolic"
    install(folder, "systolic")
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    yield folder
    sys.modules.pop("systolic", None)
