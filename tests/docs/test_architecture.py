"""What the page on architecture names is there, and its floors are those that hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from dse.shipped import CACHE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_the_floors_are_those_of_the_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    [layers] = [c["layers"] for c in contracts if c["type"] == "layers"]
    floors = [layer.replace("(", "").replace(")", "") for layer in layers]
    assert PAGE.split("```")[1].splitlines()[1:] == floors


def test_every_module_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", PAGE))
    assert len(named) > 20
    assert {name for name in named if not (ROOT / "dse" / name).is_file()} == set()


def test_every_module_of_the_compiler_is_told_or_serves_one_that_is() -> None:
    told = set(re.findall(r"`compile/(\w+)\.py`", PAGE))
    files = {path.stem for path in (ROOT / "dse" / "compile").glob("*.py")}
    serving = {"function", "errors", "room", "vector_functions"}
    assert files - told - serving == {"__init__"}


@pytest.mark.nightly  # traces the model three times, in a process of its own
def test_each_way_passes_the_modules_that_it_is_told_to_pass(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.ways"]
    kept = os.environ | {CACHE: str(tmp_path)}
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, env=kept
    )
    lines = run.stdout.splitlines()
    passed = {head: set(line.strip().split(", ")) for head, line in pairwise(lines)}
    told = {
        "evaluate": "**`dse.evaluate(",
        "sweep": "**`dse.sweep(",
        "threshold": "**A threshold",
    }
    for name, start in told.items():
        text = PAGE.partition(start)[2].partition("\n\n")[0]
        named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", text))
        [found] = [m for head, m in passed.items() if head.startswith(f"{name}, first")]
        assert len(named) > 6
        assert named <= found, name
