"""`dse measure` on a model of 40 word pieces and a few made-up glosses."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
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
    assert "--settings=0.2,0.6,1.0" in curve.about.command
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


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (
            "setting-01.json",
            lambda text: text.replace('"accuracy": [', '"accuracy": [1,'),
        ),
        (
            "setting-01.json",
            lambda text: text.replace('"setting": 0.6', '"setting": 0.7'),
        ),
        ("setting-01.json", lambda text: re.sub(r' "sha256": "\w+",\n', "", text)),
        ("question.json", lambda text: text.replace("{", '{"note": "mine",', 1)),
    ],
)
def test_what_was_changed_after_it_was_measured_is_no_answer(
    place: Path, measured: Path, dse: Any, tmp_path: Path, file: str, change: Any
) -> None:
    out = tmp_path / "out"
    shutil.copytree(measured, out)
    before = (out / file).read_text()
    (out / file).write_text(change(before))
    assert (out / file).read_text() != before
    answer = dse(*arguments(place, out))
    assert (answer.code, str(out) in answer.err) == (2, True), answer.err
    (out / file).write_text(before)
    assert dse(*arguments(place, out)).code == 0


def test_an_answer_to_another_question_is_none_to_this(
    place: Path, measured: Path, dse: Any, tmp_path: Path
) -> None:
    assert dse(*arguments(place, tmp_path / "other", settings="0.3,0.6,1")).code == 0
    shutil.copytree(measured, tmp_path / "out")
    shutil.copy(tmp_path / "other" / "setting-01.json", tmp_path / "out")
    answer = dse(*arguments(place, tmp_path / "out"))
    assert (answer.code, "comes from elsewhere" in answer.err) == (2, True)


def test_a_folder_in_the_place_of_the_curve_is_told_before_the_work(
    place: Path, dse: Any, tmp_path: Path
) -> None:
    (tmp_path / "out" / "curve.toml").mkdir(parents=True)
    answer = dse(*arguments(place, tmp_path / "out"))
    assert (answer.code, "curve.toml is no file" in answer.err) == (2, True)


def test_a_folder_with_another_question_is_refused(
    place: Path, measured: Path, dse: Any, tmp_path: Path
) -> None:
    answer = dse(*arguments(place, measured, test=9))
    assert (answer.code, "another `test`" in answer.err) == (2, True)
    (tmp_path / "letter.txt").write_text("mine")
    answer = dse(*arguments(place, tmp_path))
    assert (answer.code, "holds other files" in answer.err) == (2, True)


def test_the_recorded_command_asks_the_same(
    measured: Path, dse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dse.measure.experiment.Encoder", None)
    words = shlex.split(load_curve(measured / "curve.toml").about.command)
    before = (measured / "curve.toml").read_text()
    assert words[0] == "dse"
    answer = dse(*words[1:])
    assert answer.code == 0, answer.err
    assert (measured / "curve.toml").read_text() == before


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("config.json", ('"gelu"', '"relu"'), "another `architecture`"),
        ("tokenizer.json", ("}", " }"), "another `tokenizer_sha256`"),
    ],
)
def test_a_folder_does_not_mix_what_answers_hang_on(
    place: Path,
    measured: Path,
    dse: Any,
    tmp_path: Path,
    file: str,
    change: tuple[str, str],
    told: str,
) -> None:
    shutil.copytree(place / "model", tmp_path / "model")
    path = tmp_path / "model" / file
    path.write_text(path.read_text().replace(*change, 1))
    words = arguments(place, measured)
    words[1] = str(tmp_path / "model")
    answer = dse(*words)
    assert (answer.code, told in answer.err) == (2, True), answer.err


def test_a_folder_does_not_mix_texts(
    place: Path, measured: Path, dse: Any, tmp_path: Path
) -> None:
    shutil.copytree(place / "wordnet", tmp_path / "wordnet")
    path = tmp_path / "wordnet" / "data.noun"
    path.write_text(path.read_text().replace("bread", "soup", 1))
    answer = dse(*arguments(place, measured, wordnet=tmp_path / "wordnet"))
    assert (answer.code, "another `data_sha256`" in answer.err) == (2, True)


def own(path: Path) -> Path:
    lines = [f'"{t}",kind {n}' for n, t in glosses()]
    path.write_text("words,kind\n" + "\n".join(lines) + "\n")
    return path


def own_arguments(place: Path, tmp_path: Path, data: Path, **changes: Any) -> list[str]:
    asked = {"data": data, "text": "words", "label": "kind"} | changes
    words = arguments(place, tmp_path / "out", **asked)
    at = words.index("--wordnet")
    return words[:at] + words[at + 2 :]


def test_texts_of_ones_own_have_their_own_name(
    place: Path, dse: Any, tmp_path: Path
) -> None:
    words = own_arguments(place, tmp_path, own(tmp_path / "menus.csv"))
    answer = dse(*words)
    assert answer.code == 0, answer.err
    about = load_curve(tmp_path / "out" / "curve.toml").about
    assert (about.task, about.data_source) == ("menus", "")
    assert about.data.startswith("menus.csv, 210 texts of 3 classes")
    assert "--text=words --label=kind" in about.command
    assert (load_curve(tmp_path / "out" / "curve.toml").spread > 0).all()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"text": "word"}, "there is no column `word`. Did you mean `words`?"),
        ({}, "fewer than the 5000"),
        ({"task": "wordnet"}, "leave out --task wordnet"),
    ],
)
def test_texts_of_ones_own_that_cannot_be_used_are_told(
    place: Path, dse: Any, tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    data = own(tmp_path / "menus.csv")
    answer = dse(*own_arguments(place, tmp_path, data, **changes, train=5000))
    assert (answer.code, told in answer.err) == (2, True), answer.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("words,kind\na,\n", "menus.csv, line 2: `kind` is blank; fill it."),
        ("words,kind\na,x\nb,x\n", "is 'x' in every row; give two classes"),
        ("words,kind\n", "holds no rows"),
        ("words,kind\na,x\nb,y\n", "too few for a task"),
    ],
)
def test_a_table_of_texts_is_read_strictly(
    place: Path, dse: Any, tmp_path: Path, text: str, told: str
) -> None:
    data = tmp_path / "menus.csv"
    data.write_text(text)
    answer = dse(*own_arguments(place, tmp_path, data))
    assert (answer.code, told in answer.err) == (2, True), answer.err


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"policy": "top_k"}, "`topk`"),
        ({"settings": "1,0.5"}, "must rise"),
        (
            {"settings": "0,inf", "policy": "dynatran"},
            "`settings` holds inf, no threshold",
        ),
        ({"settings": "-1,0.5", "policy": "sprint"}, "holds -1, no share of pairs"),
        ({"settings": "0.5,1.2", "policy": "one_shot_m8"}, "in steps of 0.125"),
        ({"settings": "0.3,0.5", "policy": "one_shot_m8"}, "choose from 0.125 to 1"),
        ({"seq_len": 32}, "`seq_len` is 32, and the model has positions for"),
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
