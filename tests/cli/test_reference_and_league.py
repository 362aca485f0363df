"""`dse reference` and what `dse league` refuses before it starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dse.engines.reference import ReferenceMachine

Dse = Callable[..., Any]


def test_the_list_says_what_each_machine_waits_for(dse: Dse) -> None:
    found = dse("reference", "list", "--workload", "bert-tiny", "--json")
    assert found.code == 0
    assert found.json["a100"]["bound"] == "overhead"
    assert set(found.json) == set(ReferenceMachine.presets)


def test_a_measured_machine_must_be_a_parameter_file(dse: Dse, tmp_path: Path) -> None:
    found = dse("reference", "measure", tmp_path / "here.txt")
    assert found.code == 2
    assert "give a name that ends in .toml" in found.err
    found = dse("reference", "measure", tmp_path / "nowhere" / "here.toml")
    assert found.code == 2
    assert "is no folder" in found.err


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--area", "50 W", "give area, as in"),
        ("--node", "14 mm2", "give length, as in"),
        ("--accuracy-drop", "much", "is not a quantity"),
        ("--picture", "league.doc", "a name that ends in .svg or .html"),
        ("--area", "0mm2", "`area` is always above 0"),
        ("--power", "-3W", "`power` is never below 0"),
        ("--accuracy-drop", "200%", "`accuracy_drop` is never above 100 %"),
        ("--accuracy-drop", "-1%", "`accuracy_drop` is never below 0"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused_before_the_games(
    dse: Dse, monkeypatch: pytest.MonkeyPatch, option: str, value: str, says: str
) -> None:
    monkeypatch.setattr("dse.evidence.league.families", None)
    found = dse("league", option, value)
    assert found.code == 2
    assert says in found.err
