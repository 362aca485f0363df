"""The README is run word for word."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import plotly.io
import pytest

from dse.cli.main import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
# Minutes long; what they show is tested piece by piece elsewhere.
LONG = ("dse validate", "dse sweep studies/acceltran_design_space --out results/accel")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[object]:
    lines = [line.strip() for block in blocks("sh") for line in block.splitlines()]
    return [
        pytest.param(line, marks=[pytest.mark.nightly] if line.startswith(LONG) else [])
        for line in lines
        if line.startswith("dse ")
    ]


def test_the_notebook_start_and_the_gradient_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plotly.io.renderers, "default", "json")
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)


def test_the_notebook_start_is_twelve_lines() -> None:
    start = blocks("python")[0].strip().splitlines()
    assert len([line for line in start if line.strip()]) <= 12


@pytest.mark.parametrize("line", commands())
def test_a_command_runs(
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = shlex.split(line)
    if "--out" in words:
        words[words.index("--out") + 1] = str(tmp_path / "out")
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        main(words[1:])
    said = capsys.readouterr()
    assert not ended.value.code, said.err
    assert said.out


def test_it_names_every_package_and_counts_the_notebooks() -> None:
    told = re.search(r"^dse/ .*: ((?:.|\n)*?)\nhw_params/", README, re.M)
    assert told is not None
    packages = {each.parent.name for each in (ROOT / "dse").glob("*/__init__.py")}
    assert set(re.findall(r"\w+", told[1])) == packages | {"evaluation"}
    words = ("one", "two", "three", "four", "five", "six", "seven")
    notebooks = words[len([*(ROOT / "notebooks").glob("*.ipynb")]) - 1]
    assert f"notebooks/    {notebooks} to start from" in README
