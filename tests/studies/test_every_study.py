"""What is true of every study of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

import dse

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.mark.parametrize(
    "path", sorted(f.parent for f in STUDIES.glob("*/study.toml")), ids=lambda p: p.name
)
def test_every_study_with_a_file_loads_and_asks_a_question(path: Path) -> None:
    study = dse.load_study(path)
    assert study.name == path.name
    assert study.question.endswith("?")


@pytest.mark.parametrize(
    "path", sorted(f.parent for f in STUDIES.glob("*/README.md")), ids=lambda p: p.name
)
def test_every_study_is_short_and_has_an_answer(path: Path) -> None:
    assert len((path / "study.py").read_text().splitlines()) <= 80
    assert "## Answer" in (path / "README.md").read_text()
