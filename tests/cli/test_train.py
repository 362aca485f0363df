"""`dse train`: a BERT-Tiny that `dse measure` can load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dse.measure.checkpoint import load_checkpoint
from dse.measure.tasks.wordnet import FILES
from dse.measure.tokenizer import load_tokenizer

Dse = Callable[..., Any]


def write_glosses(folder: Path) -> None:
    """Twenty glosses in two classes, in the form of WordNet's files."""
    for name, lines in zip(
        FILES,
        (
            [
                f"{i:08} 13 n 01 dish 0 000 | a dish made of {i} eggs\n"
                for i in range(20)
            ],
            [f"{i:08} 38 v 01 walk 0 000 | walk {i} steps\n" for i in range(20)],
            [],
            [],
        ),
        strict=True,
    ):
        (folder / name).write_text("".join(lines))


def test_what_is_trained_can_be_loaded(dse: Dse, tmp_path: Path) -> None:
    write_glosses(tmp_path)
    out = tmp_path / "model"
    options = ("--wordnet", tmp_path, "--seq-len", "16", "--steps", "2", "--json")
    answer = dse("train", "--out", out, *options).json
    checkpoint = load_checkpoint(out)
    assert checkpoint.sha256 == answer["sha256"]
    assert checkpoint.model.architecture.shape.hidden == 128
    tokens = load_tokenizer(out).encode(["walk 3 steps"], 8)
    assert int(tokens.ids.max()) < checkpoint.model.architecture.shape.vocab
    assert 0.0 <= answer["accuracy"] <= 1.0


def test_what_was_trained_is_told_within_the_terminal(
    dse: Dse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    write_glosses(tmp_path)
    few = ("--seq-len", "16", "--steps", "2")
    answer = dse("train", "--out", "model", "--wordnet", tmp_path, *few)
    assert answer.code == 0, answer.err
    lines = [line for line in answer.out.splitlines() if len(line.split()) > 1]
    assert max(map(len, lines)) <= 80


def test_without_its_texts_nothing_is_trained(dse: Dse, tmp_path: Path) -> None:
    out = tmp_path / "model"
    answer = dse("train", "--out", out, "--wordnet", tmp_path)
    assert answer.code == 2
    assert "wordnet-base" in answer.err
    assert "--sst2" in dse("train", "--out", out, "--task", "sst-2").err
    assert not out.exists()


@pytest.mark.parametrize("rate", ["inf", "nan", "1e9999", "-1", "1e30"])
def test_a_model_of_no_numbers_is_not_saved(
    dse: Dse, tmp_path: Path, rate: str
) -> None:
    write_glosses(tmp_path)
    out = tmp_path / "model"
    options = ("--wordnet", tmp_path, "--seq-len", "16", "--steps", "2")
    answer = dse("train", "--out", out, *options, "--learning-rate", rate)
    assert answer.code == 2
    assert "Traceback" not in answer.err
    assert not out.exists()
