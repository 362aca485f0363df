"""`dse measure` on a model of 40 word pieces and a few made-up glosses."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse.measure.vocabulary import choose_pieces
from dse.sparsity.library import load_curve

REFERENCE = Path(__file__).parents[1] / "measure" / "reference" / "bert-gelu"
WORDS = {13: "bread soup rice", 38: "run jump walk", 43: "rain snow hail"}
FILES = ("data.noun", "data.verb", "data.adj", "data.adv")


def glosses() -> list[tuple[int, str]]:
    draw = np.random.default_rng(0)
    return [
        (label, " ".join(draw.choice(words.split(), 3)) + f" {number}")
        for number in range(70)
        for label, words in WORDS.items()
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `model` and `wordnet`."""
    folder = tmp_path_factory.mktemp("measure")
    shutil.copytree(REFERENCE, folder / "model")
    (folder / "wordnet").mkdir()
    for name in FILES:
        lines = [f"1 {n:02d} n 01 x | {t}\n" for n, t in glosses()]
        (folder / "wordnet" / name).write_text("".join(lines) if "noun" in name else "")
    pieces = choose_pieces([text for _, text in glosses()], pieces=40)
    pieces.save(str(folder / "model" / "tokenizer.json"))
    return folder


def arguments(place: Path, out: Path, **changes: Any) -> list[str]:
    asked = {
        "--wordnet": place / "wordnet",
        "--policy": "topk",
        "--settings": "0.2,0.6,1",
        "--seq-len": 16,
        "--seeds": 2,
        "--train": 64,
        "--test": 8,
        "--out": out,
    }
    asked |= {"--" + name.replace("_", "-"): value for name, value in changes.items()}
    words = [str(word) for pair in asked.items() for word in pair]
    return ["measure", str(place / "model"), *words]


@pytest.fixture(scope="module")
def measured(place: Path) -> Path:
    from typer.testing import CliRunner

    from dse.cli.app import app

    out = place / "out"
    found = CliRunner().invoke(app, arguments(place, out))
    assert found.exit_code == 0, found.output
    return out


def test_what_is_written_is_a_curve_that_says_where_it_comes_from(
    measured: Path,
) -> None:
    curve = load_curve(measured / "curve.toml")
    assert curve.settings.tolist() == [0.2, 0.6, 1.0]
    assert curve.about.seeds == (0, 1)
    assert len(curve.about.model_sha256) == 64
    assert "--settings=0.2,0.6,1" in curve.about.command
    assert str(measured.parent) not in curve.about.command
    last = json.loads((measured / "setting-02.json").read_text())
    assert last["accuracy"] == last["dense_accuracy"]  # all keys kept
    assert float(curve.density("query", 0.2)) == 1.0
    assert float(curve.kept(0.6)) == pytest.approx(0.6, abs=0.07)  # ceil of 16 keys
    assert 0.0 < float(curve.attention(0.2).reuse(4, 16)) < 1.0


def test_a_finished_measurement_is_read_and_not_run_again(
    place: Path, measured: Path, dse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dse.measure.experiment.Encoder", None)
    answer = dse(*arguments(place, measured), "--json")
    assert answer.code == 0
    settings = answer.json["settings"]
    assert [one["setting"] for one in settings] == [0.2, 0.6, 1.0]


def test_a_stopped_measurement_goes_on_and_comes_to_the_same(
    place: Path, measured: Path, dse: Any, tmp_path: Path
) -> None:
    shutil.copytree(measured, tmp_path / "half")
    (tmp_path / "half" / "setting-01.json").unlink()
    assert dse(*arguments(place, tmp_path / "half")).code == 0
    for name in ("setting-00.json", "setting-01.json", "setting-02.json"):
        again = json.loads((tmp_path / "half" / name).read_text())
        assert again == json.loads((measured / name).read_text())


def test_a_folder_with_another_question_is_refused(
    place: Path, measured: Path, dse: Any, tmp_path: Path
) -> None:
    answer = dse(*arguments(place, measured, test=9))
    assert (answer.code, "another `test`" in answer.err) == (2, True)
    (tmp_path / "letter.txt").write_text("mine")
    answer = dse(*arguments(place, tmp_path))
    assert (answer.code, "holds other files" in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"policy": "top_k"}, "`topk`"),
        ({"settings": "1,0.5"}, "must rise"),
        ({"settings": "1;2"}, "write numbers with commas"),
        ({"train": 5000}, "fewer than the 5000 asked for"),
        ({"task": "sst-2"}, "--sst2"),
    ],
)
def test_what_cannot_be_asked_is_told(
    place: Path, dse: Any, tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    answer = dse(*arguments(place, tmp_path / "out", **changes))
    assert answer.code == 2
    assert told in answer.err
    assert not (tmp_path / "out" / "curve.toml").exists()


def test_without_the_extra_it_says_what_to_install(
    place: Path, dse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "flax" else find(name)
    )
    answer = dse(*arguments(place, tmp_path / "out"))
    assert answer.code == 2
    assert answer.err.strip() == "dse measure needs flax: pip install '.[measure]'."
