"""Tasks: glosses and reviews as labelled texts, split, joined and read out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dse.errors import InputError
from dse.measure.probe import fit_probe
from dse.measure.tasks.load import load_task
from dse.measure.tasks.sst2 import fetch_sst2, sst2
from dse.measure.tasks.task import Examples, join_to_length, split
from dse.measure.tasks.wordnet import CLASSES, FILES, wordnet_glosses

LICENCE = "  1 This software and database is being provided to you\n"


@pytest.fixture
def wordnet(tmp_path: Path) -> Path:
    """Ten foods, ten verbs of motion, and files without any synset."""
    food, motion = CLASSES.index("noun.food"), CLASSES.index("verb.motion")
    nouns = [
        f'0000{i} {food} n 01 dish 0 001 @ 1 n 0000 | dish {i}; "eat it"  \n'
        for i in range(10)
    ]
    verbs = [
        f"0000{i} {motion} v 01 go 0 000 01 + 02 00 | go {i} steps  \n"
        for i in range(10)
    ]
    for name, lines in zip(FILES, (nouns, verbs, [], []), strict=True):
        (tmp_path / name).write_text(LICENCE + "".join(lines))
    return tmp_path


def test_there_are_45_classes_in_the_order_of_their_numbers() -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 45
    # Numbers as lexnames(5WN) has them.
    for number, name in {0: "adj.all", 3: "noun.Tops", 18: "noun.person"}.items():
        assert CLASSES[number] == name
    for number, name in {29: "verb.body", 43: "verb.weather", 44: "adj.ppl"}.items():
        assert CLASSES[number] == name


def test_a_gloss_is_read_with_the_class_of_its_synset(wordnet: Path) -> None:
    task = wordnet_glosses(wordnet)
    told = dict(zip(task.train.texts, task.train.labels, strict=True))
    told |= dict(zip(task.test.texts, task.test.labels, strict=True))
    assert len(told) == 20
    assert task.classes[told['dish 3; "eat it"']] == "noun.food"
    assert task.classes[told["go 7 steps"]] == "verb.motion"


def test_every_seed_holds_the_same_texts_back_in_an_order_of_its_own(
    wordnet: Path,
) -> None:
    first, again, other = (load_task("wordnet", wordnet, seed=s) for s in (1, 1, 2))
    assert first.train.texts == again.train.texts != other.train.texts
    assert set(first.test.texts) == set(other.test.texts)
    assert (len(first.train), len(first.test)) == (18, 2)


def test_a_text_that_occurs_twice_stands_on_one_side_only() -> None:
    examples = Examples(("a", "b", "a", "c", "a"), np.asarray([0, 1, 0, 1, 0]))
    task = split("t", ("x", "y"), examples, data="five", test_share=0.34)
    assert sorted([*task.train.texts, *task.test.texts]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("no synset at all\n", "data.noun:2: is no synset"),
        ("00001 99 n 01 dish 0 | a dish\n", "data.noun:2: file number 99 is unknown"),
    ],
)
def test_a_line_that_is_not_wordnets_is_told(
    wordnet: Path, line: str, told: str
) -> None:
    (wordnet / "data.noun").write_text(LICENCE + line)
    with pytest.raises(InputError, match=told):
        wordnet_glosses(wordnet)


def test_without_wordnet_the_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"with --wordnet, or install .*wordnet-base"):
        wordnet_glosses(tmp_path)


def test_texts_of_one_class_are_joined_while_they_fit() -> None:
    examples = Examples(("a", "B", "c", "D", "e"), np.asarray([0, 1, 0, 1, 0]))
    # Class 0: a (3) + c (4) fit 8, e (5) does not; class 1: B (9) is too long alone.
    found = join_to_length(examples, [3, 9, 4, 2, 5], 8)
    assert found.texts == ("a c", "B", "D", "e")
    assert found.labels.tolist() == [0, 1, 1, 0]


def tsv(path: Path, table: pd.DataFrame) -> None:
    table.to_csv(path.with_suffix(".tsv"), sep="\t", index=False)


def parquet(path: Path, table: pd.DataFrame) -> None:
    table.to_parquet(path.with_suffix(".parquet"))


@pytest.mark.parametrize("write", [tsv, parquet])
def test_sst2_is_read_from_files(
    tmp_path: Path,
    write: Callable[[Path, pd.DataFrame], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = pd.DataFrame({"sentence": ['so "good"', "so bad "], "label": [1, 0]})
    if write is tsv:
        table["sentence"] = ["so good", "so bad "]
    write(tmp_path / "train", table)
    write(tmp_path / "dev", table)
    with pytest.raises(InputError, match=r"2 and 2 sentences, .* 67,349 and 872"):
        sst2(tmp_path)
    monkeypatch.setattr("dse.measure.tasks.sst2.SIZES", (2, 2))
    task = sst2(tmp_path)
    assert task.test.texts[1] == "so bad"
    assert [task.classes[i] for i in task.test.labels] == ["positive", "negative"]


def test_what_is_no_sst2_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no train.tsv or train.parquet"):
        sst2(tmp_path)
    tsv(tmp_path / "train", pd.DataFrame({"text": ["a"], "label": [1]}))
    with pytest.raises(InputError, match="columns sentence and label"):
        sst2(tmp_path)
    tsv(tmp_path / "train", pd.DataFrame({"sentence": ["a"], "label": [7]}))
    with pytest.raises(InputError, match="`label` takes 0 and 1"):
        sst2(tmp_path)


def test_the_hub_is_asked_for_a_pinned_revision_only() -> None:
    with pytest.raises(InputError, match="full commit hash of 40 digits"):
        fetch_sst2("main")


def test_a_probe_reads_out_what_is_linear() -> None:
    # Two clouds around (0, 0) and (4, 4), and a feature that says nothing.
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50)
    features = random.normal(size=(100, 3)) + 4.0 * labels[:, None] * [1, 1, 0]
    probe = fit_probe(features, labels, 2)
    assert probe.accuracy(features, labels) > 0.98
    again = fit_probe(features, labels, 2)
    assert np.array_equal(probe.weights, again.weights)


def test_the_probe_is_the_ridge_regression_solved_by_hand() -> None:
    # x = -1, 1 (mean 0, deviation 1), y = (1, 0), (0, 1): x'y/2 = (-1/2, 1/2) and
    # x'x/2 = 1, so with ridge 1 the weights are half of that, and the bias 1/2.
    features, labels = np.asarray([[-1.0], [1.0]]), np.asarray([0, 1])
    probe = fit_probe(features, labels, 2, ridge=1.0)
    np.testing.assert_allclose(probe.weights, [[-0.25, 0.25]])
    np.testing.assert_allclose(probe.bias, [0.5, 0.5])


def test_a_feature_that_never_changes_does_no_harm() -> None:
    features = np.asarray([[-1.0, 3.0], [1.0, 3.0]])
    probe = fit_probe(features, np.asarray([0, 1]), 2)
    assert probe.accuracy(features, np.asarray([0, 1])) == 1.0
