"""A shell completes verbs and options."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from dse.cli.app import app


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("dse eval", "evaluate"), ("dse study --sch", "--schema")],
)
def test_a_shell_completes_what_is_typed(typed: str, completed: str) -> None:
    asked = {
        "_DSE_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    told = CliRunner().invoke(app, env=asked, prog_name="dse")
    assert told.stdout.split() == [completed]
