"""Killed at any moment, `dse measure`, `train` and `tune` come to the same files."""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dse.measure.vocabulary import choose_pieces
from tests.cli.conftest import SMALL

pytestmark = pytest.mark.nightly

REFERENCE = Path(__file__).parents[1] / "measure" / "reference" / "bert-gelu"
PROGRAM = "from dse.cli.main import main; main()"
GLOSSES = [
    f"1 {label:02d} n 01 x | {words} {number}\n"
    for number in range(140)
    for label, words in {13: "bread soup rice", 38: "run jump walk"}.items()
]
MEASURE = (
    *("measure", "model", "--out", "out", "--wordnet", "wordnet", "--policy", "topk"),
    *("--settings", "0.2,0.4,0.6,0.8,1", "--seq-len", "16", "--seeds", "2"),
    *("--train", "64", "--test", "8", "--quiet"),
)
TRAIN = (
    *("train", "--out", "out", "--wordnet", "wordnet", "--steps", "2", "--batch", "2"),
    *("--seq-len", "16", "--quiet"),
)

PROOF = (
    *("tune", "study", "--min", "energy", "--starts", "4", "--steps", "5", "--prove"),
    *("--proof-file", "out/proof.npz", "--quiet"),
)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, glosses and a study."""
    folder = tmp_path_factory.mktemp("given")
    shutil.copytree(REFERENCE, folder / "model")
    (folder / "wordnet").mkdir()
    for name in ("noun", "verb", "adj", "adv"):
        lines = GLOSSES if name == "noun" else []
        (folder / "wordnet" / f"data.{name}").write_text("".join(lines))
    texts = [line.partition(" | ")[2].strip() for line in GLOSSES]
    (folder / "out").mkdir()
    (folder / "study").mkdir()
    (folder / "study" / "study.toml").write_text(SMALL)
    choose_pieces(texts, pieces=40).save(str(folder / "model" / "tokenizer.json"))
    return folder


def start(folder: Path, call: tuple[str, ...]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *call],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def timeless(path: Path) -> list[bytes]:
    """What stands in a file, but for the day, or how long it took."""
    if path.suffix != ".npz":
        return [line for line in path.read_bytes().splitlines() if b"date" not in line]
    with np.load(path) as file:
        arrays = dict(file)
    told = json.loads(arrays.pop("told").tobytes())
    del told["seconds"]
    return [json.dumps(told).encode(), *(each.tobytes() for each in arrays.values())]


def finish(folder: Path, call: tuple[str, ...]) -> tuple[dict[str, list[bytes]], float]:
    """Run to the end; return what stands in `out`, and the seconds."""
    began = time.monotonic()
    process = start(folder, call)
    said = process.communicate(timeout=600)[1]
    assert process.returncode == 0, said
    found = {path.name: timeless(path) for path in (folder / "out").iterdir()}
    return found, time.monotonic() - began


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("call", "kills", "a_time"), [(MEASURE, 50, 10), (TRAIN, 10, 5), (PROOF, 20, 5)]
)
def test_fifty_kills_leave_nothing_but_the_same_answer(
    given: Path, tmp_path: Path, call: tuple[str, ...], kills: int, a_time: int
) -> None:
    took = math.inf
    for name in ("first", "second"):  # which finds warm files
        shutil.copytree(given, tmp_path / name)
        whole, seconds = finish(tmp_path / name, call)
        took = min(took, seconds)
    chance = random.Random(5)
    killed = 0
    for number in range(2 * kills):  # runs that are done before the kill are no kills
        folder = tmp_path / str(number)
        shutil.copytree(given, folder)
        for _ in range(a_time):  # one after the other, in one folder
            process = start(folder, call)
            time.sleep(chance.uniform(0.1, 0.9) * took)
            process.kill()
            process.communicate(timeout=60)
            killed += process.returncode != 0
            if process.returncode == 0:
                break
        if call is not TRAIN or not (folder / "out" / "config.json").exists():
            assert finish(folder, call)[0] == whole
        if killed >= kills:
            break
    assert killed >= kills
