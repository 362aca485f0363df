"""What the page on architecture names is there, and its floors are those that hold."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_the_floors_are_those_of_the_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    [layers] = [c["layers"] for c in contracts if c["type"] == "layers"]
    floors = [layer.replace("(", "").replace(")", "") for layer in layers]
    assert PAGE.split("```")[1].strip().splitlines() == floors


def test_every_module_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", PAGE))
    assert len(named) > 20
    assert {name for name in named if not (ROOT / "dse" / name).is_file()} == set()


def test_every_module_of_the_compiler_is_told_or_serves_one_that_is() -> None:
    told = set(re.findall(r"`compile/(\w+)\.py`", PAGE))
    files = {path.stem for path in (ROOT / "dse" / "compile").glob("*.py")}
    serving = {"function", "errors", "room", "vector_functions"}
    assert files - told - serving == {"__init__"}
