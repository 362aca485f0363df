"""A model read from a folder is the model that was traced, and never another."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import dse
from dse.explore import evaluate as evaluation
from dse.explore import kept_models
from dse.explore.evaluate import evaluate

BERT = dse.transformer("bert-tiny", seq_len=64)
EDGE = dse.TileEngine.edge()
QUESTIONS: dict[str, tuple[Any, Any]] = {
    "tile": (EDGE, BERT),
    "nm": (dse.NMEngine(), BERT),
    "crossbar": (dse.CrossbarEngine.isaac(), BERT),
    "filter": (dse.FilterEngine.energon_edge(), BERT.attention_only()),
    "reference": (dse.ReferenceMachine.a100(), BERT),
    "a generation": (
        EDGE,
        dse.generation("gpt2", prompt=16, new_tokens=8),
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where models are kept."""
    monkeypatch.setenv("DSE_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Models of costs that were traced since the test began."""
    found: list[Any] = []

    def noted(*asked: Any) -> Any:
        found.append(asked)
        return costs(*asked)

    costs = evaluation.costs
    noted.__name__ = "costs"
    monkeypatch.setattr(evaluation, "costs", noted)
    return found


def afresh(*asked: Any, **how: Any) -> dse.Metrics:
    """Evaluate as a process does that has traced nothing yet."""
    evaluation._function.cache_clear()
    return evaluate(*asked, **how)


def assert_same(one: Any, other: Any) -> None:
    """Hold two answers to be the same to the bit."""
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_read_answers_as_what_was_traced(
    name: str, folder: Path, traced: list[Any]
) -> None:
    first = afresh(*QUESTIONS[name])
    assert len(traced) == len(list(folder.iterdir())) == 1
    assert_same(afresh(*QUESTIONS[name]), first)
    assert len(traced) == 1


def test_a_model_that_is_read_serves_all_of_its_form(
    folder: Path, monkeypatch: pytest.MonkeyPatch, traced: list[Any]
) -> None:
    afresh(EDGE, BERT)
    other = EDGE.replace(pes=96), dse.transformer("bert-tiny", seq_len=100)
    kept = afresh(*other)
    assert len(traced) == 1
    monkeypatch.setenv("DSE_CACHE", "")
    assert_same(kept, afresh(*other))
    assert len(traced) == 2


OTHERS: dict[str, Callable[[], tuple[Any, Any, dict[str, Any]]]] = {
    "another engine": lambda: (dse.NMEngine(), BERT, {}),
    "another timing": lambda: (EDGE, BERT, {"timing": "roofline"}),
    "other conventions": lambda: (
        EDGE.replace(conventions=dse.SIMULATOR.replace(whole_cycles=False)),
        BERT,
        {},
    ),
    "another model": lambda: (EDGE, dse.transformer("gpt2", seq_len=64), {}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_form_has_a_model_of_its_own(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    afresh(EDGE, BERT)
    design, workload, how = OTHERS[name]()
    kept = afresh(design, workload, **how)
    assert len(list(folder.iterdir())) == 2
    monkeypatch.setenv("DSE_CACHE", "")
    assert_same(kept, afresh(design, workload, **how))


def test_a_change_of_code_or_parameters_makes_all_models_anew(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, params = tmp_path / "dse", tmp_path / "own"
    shutil.copytree(kept_models._PACKAGE / "schedule", package)
    params.mkdir()
    monkeypatch.setattr(kept_models, "_PACKAGE", package)
    monkeypatch.setenv("DSE_HW_PARAMS", str(params))
    afresh(EDGE, BERT)
    with (package / "walk.py").open("a") as file:
        file.write("# a character more\n")
    afresh(EDGE, BERT)
    assert len(list(folder.iterdir())) == 2
    (params / "mine.toml").write_text("# nothing yet\n")
    afresh(EDGE, BERT)
    assert len(list(folder.iterdir())) == 3


def test_an_engine_from_elsewhere_is_traced_each_time(
    folder: Path, traced: list[Any]
) -> None:
    @dse.record
    class Mine(dse.TileEngine):
        """An engine whose code is not that of the package."""

    mine = Mine(**{f.name: getattr(EDGE, f.name) for f in dataclasses.fields(EDGE)})
    for _ in range(2):
        afresh(mine, BERT)
    assert len(traced) == 2
    assert not folder.exists()


def test_a_damaged_model_is_traced_anew(folder: Path, traced: list[Any]) -> None:
    first = afresh(EDGE, BERT)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    digit = whole.index(b"f03f")
    damaged = [
        b"",
        b"{}",
        b"\xff" * 100,
        whole[: len(whole) // 2],
        whole[:digit] + b"9" + whole[digit + 1 :],
        b"0" * 16 + b"\n" + b"[" * 100_000,
    ]
    for count, data in enumerate(damaged, start=2):
        path.write_bytes(data)
        assert_same(afresh(EDGE, BERT), first)
        assert len(traced) == count
        assert path.read_bytes() == whole


def test_where_nothing_can_be_kept_answers_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = afresh(EDGE, BERT)
    (tmp_path / "file").write_text("of mine")
    for place in (tmp_path / "file", "/dev/null/x", "x" * 5000):
        monkeypatch.setenv("DSE_CACHE", str(place))
        monkeypatch.chdir(tmp_path)
        assert_same(afresh(EDGE, BERT), first)
    assert (tmp_path / "file").read_text() == "of mine"


def test_the_folder_holds_few_models_and_loses_none_but_ours(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_models, "MOST", 2)
    folder.mkdir()
    (folder / "thesis.txt").write_text("of mine")
    for design in (EDGE, dse.NMEngine(), dse.CrossbarEngine.isaac()):
        afresh(design, BERT)
    names = sorted(path.suffix for path in folder.iterdir())
    assert names == [".dse-model", ".dse-model", ".txt"]
