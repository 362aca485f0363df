"""Doors for what models are measured on, and for measurements that were stopped."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from dse.errors import InputError
from dse.measure.tasks.load import load_task
from tests.doors.commands import run
from tests.doors.door import Draw, Open, door, write_changed
from tests.doors.mutations import changed_table, changed_text, json_text
from tests.doors.tables import REFERENCE

MENUS = "words,kind\n" + "".join(
    f"{words} {number},{kind}\n"
    for number in range(70)
    for kind, words in {"food": "bread soup", "motion": "run jump"}.items()
)
ASKED = (
    *("measure", "model", "--out", "out", "--data", "menus.csv", "--text", "words"),
    *("--label", "kind", "--policy", "topk", "--settings", "0.5,1", "--quiet"),
    *("--seq-len", "16", "--seeds", "2", "--train", "64", "--test", "8"),
)


@door
def own_texts(draw: Draw, folder: Path) -> Open:
    """Labelled texts of one's own."""
    path = folder / "menus.csv"
    how = changed_table if draw.random() < 0.7 else changed_text
    lines = MENUS.splitlines()[: draw.choice((3, 30, 141))]
    path.write_bytes(how(draw, "\n".join(lines)))
    columns = draw.choice((("words", "kind"), ("words", "kind"), ("kind", "words")))

    def open_it() -> None:
        task = load_task("menus", path, seed=draw.randrange(9), columns=columns)
        learnt, judged = set(task.train.texts), set(task.test.texts)
        assert learnt
        assert judged
        assert not learnt & judged
        assert len(learnt) + len(judged) == len(task.train) + len(task.test)
        assert list(task.classes) == sorted(set(task.classes))
        said = path.read_text("utf-8-sig")
        for text in (*learnt, *judged, *task.classes):
            assert text.strip()
            assert '"' in said or text in said
        for part in (task.train, task.test):
            assert set(part.labels.tolist()) <= set(range(len(task.classes)))

    return open_it


@functools.cache
def _measured() -> Path:
    """A folder with a model, texts, and a finished measurement."""
    from dse.measure.vocabulary import choose_pieces

    folder = Path(tempfile.mkdtemp(prefix="dse-test-"))
    atexit.register(shutil.rmtree, folder)
    shutil.copytree(REFERENCE, folder / "model")
    texts = [line.partition(",")[0] for line in MENUS.splitlines()[1:]]
    choose_pieces(texts, pieces=40).save(str(folder / "model" / "tokenizer.json"))
    (folder / "menus.csv").write_text(MENUS)
    run(folder, *ASKED)
    return folder


def _said(name: str, data: bytes) -> Any:
    """What a file of a measurement says, but for the day."""
    if name.endswith(".json"):
        return json.loads(data.decode("utf-8-sig"))
    return [line for line in data.splitlines() if not line.startswith(b"date = ")]


@door
def measurement(draw: Draw, folder: Path) -> Open:
    """The folder of a measurement to go on with: its question and its answers."""
    shutil.copytree(_measured(), folder, dirs_exist_ok=True)
    out = folder / "out"
    whole = {path.name: path.read_bytes() for path in out.iterdir()}
    answers = sorted(name for name in whole if name.startswith("setting-"))
    for name in draw.sample(answers, draw.randrange(len(answers) + 1)):
        (out / name).unlink()
    path = draw.choice(list(out.iterdir()))
    how = draw.randrange(10)
    if how == 0:
        (out / "letter.txt").write_text("mine")
    elif how == 1:
        path.unlink()
        path.mkdir()
    elif path.suffix == ".json":
        write_changed(draw, path, json.loads(path.read_text()), json_text)
    else:
        path.write_bytes(changed_text(draw, path.read_text()))
    before = {path.name for path in out.iterdir()}

    def open_it() -> None:
        try:
            run(folder, *ASKED)
        except InputError:
            assert before <= {path.name for path in out.iterdir()}
            raise
        for name, data in whole.items():
            assert _said(name, (out / name).read_bytes()) == _said(name, data), name

    return open_it
