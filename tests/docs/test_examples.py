"""What users call first has an example in its docstring, and prints what that says."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import pytest

import dse

# What other calls return, with an example there, and what an engine's author needs.
WITHOUT = {
    "Engine",
    "Op",
    "Ops",
    "PlainEngine",
    "ProvenFront",
    "Room",
    "Run",
    "Stage",
    "Storage",
    "Subject",
    "TunedFront",
    "write_report",
}
NAMES = [name for name in dse.__all__ if callable(getattr(dse, name))]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("name", sorted({*NAMES} - WITHOUT))
def test_an_example_prints_what_it_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dse.engines.registry._registered", {})
    text = inspect.cleandoc(inspect.unwrap(getattr(dse, name)).__doc__ or "")
    assert text.count("\nExamples:\n") == 1
    own = {"dse": dse, "__name__": "__main__"}
    test = doctest.DocTestParser().get_doctest(text, own, name, None, None)
    assert test.examples
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    assert not said, "".join(said)


def test_names_without_an_example_are_names() -> None:
    assert {*NAMES} >= WITHOUT
