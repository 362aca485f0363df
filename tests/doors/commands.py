"""Doors for the command line, and for the folders that its verbs go on from."""

from __future__ import annotations

import atexit
import functools
import json
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from dse.cli.app import app
from dse.errors import InputError
from tests.doors.door import Draw, Open, door
from tests.doors.mutations import TEXTS, changed_text, changed_tree, json_text
from tests.doors.tables import TABLE

STUDY = """\
question = "Which of two?"
engine = "tile"
preset = "edge"
objectives = ["max:throughput", "min:energy"]

[[workload]]
model = "bert-tiny"
seq_len = 16

[space]
pes = [64, 128]
"""
VALUES = [*TEXTS, "inf", "1e400", "-5", "3", "0.5", "edge", "tile", "bert-tiny", "7"]
FAST = ("--workload", "bert-tiny", "--timing", "roofline", "--seq-len", "16")
COMMANDS = [
    *(("evaluate", *FAST), ("evaluate", *FAST, "--set", "pes=64")),
    ("evaluate", *FAST, "--engine", "nm", "--preset", "sta_asic"),
    ("evaluate", *FAST, "--batch", "4", "--padded-fraction", "0.1", "--node", "7"),
    ("evaluate", *FAST, "--density", "bert-tiny/wordnet/topk", "--threshold", "0.5"),
    *(("params", "acceltran"), ("cite", "acceltran"), ("curves", "bert-tiny")),
    *(("engines",), ("models",), ("memories",), ("info",)),
    ("pareto", "table.csv", "--objectives", "max:throughput_seq_per_s,min:energy_mj"),
    *(("pareto", "out"), ("sweep", "study.toml", "--out", "out", "--parts", "2")),
    ("sweep", "study.toml", "--out", "out", "--limit", "area <= 50 mm^2"),
    ("reference", "list", "--workload", "bert-tiny", "--seq-len", "16"),
]


def run(folder: Path, *words: str, code: int = 0) -> Any:
    """Call `dse` in a folder; raise what it refuses with as `InputError`.

    It may end with `code`, too.
    """
    before = Path.cwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(app, list(words))
    finally:
        os.chdir(before)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code in (0, 2, 3, code), f"{words}: exit code {done.exit_code}"
    if done.exit_code == 2:
        assert not done.stdout, f"{words}: {done.stdout}"
        raise InputError(done.stderr)
    return done


def positive(data: Any) -> bool:
    """Whether all numbers of an answer are finite, and its times above 0."""
    if isinstance(data, dict):
        times = [v for k, v in data.items() if k in ("latency_us", "energy_mj")]
        return all(v is None or v > 0 for v in times) and all(
            positive(value) for value in data.values()
        )
    if isinstance(data, list):
        return all(positive(value) for value in data)
    return not isinstance(data, float) or math.isfinite(data)


@door
def command(draw: Draw, folder: Path) -> Open:
    """Words after `dse`."""
    words = list(draw.choice(COMMANDS))
    for _ in range(draw.choice((1, 1, 2))):
        at = draw.randrange(len(words))
        told = [i + 1 for i, w in enumerate(words[:-1]) if w.startswith("--")]
        how = draw.randrange(9)
        if how > 2 and told:
            words[draw.choice(told)] = draw.choice(VALUES)
        elif how == 0 and len(words) > 1:
            del words[at]
        elif how == 1:
            words.insert(at, draw.choice([*words, "--json", "--nope"]))
        elif at or how == 8:
            words[at] = draw.choice(VALUES)
    (folder / "study.toml").write_text(STUDY)
    (folder / "table.csv").write_text(TABLE)

    def open_it() -> None:
        if words[0] in ("measure", "train", "league", "validate"):
            return
        run(folder, *words)
        if words[0] == "evaluate" and "--json" not in words:
            assert positive(json.loads(run(folder, *words, "--json").stdout))

    return open_it


@functools.cache
def _stopped() -> Path:
    """A folder in which half of a sweep was done."""
    folder = Path(tempfile.mkdtemp(prefix="dse-test-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "study.toml").write_text(STUDY)
    words = ("sweep", "study.toml", "--out", "out", "--parts", "2", "--quiet")
    run(folder, *words, "--shard", "1/2")
    return folder


@door
def parts(draw: Draw, folder: Path) -> Open:
    """The folder of a sweep that was stopped: its manifest and its parts."""
    shutil.copytree(_stopped(), folder, dirs_exist_ok=True)
    words = ("sweep", "study.toml", "--out", "out", "--parts", "2", "--quiet")
    store = folder / "out" / "parts"
    manifest = store / "manifest.json"
    part = next(store.glob("part-*"))
    if draw.random() < 0.7:
        tree = json.loads(manifest.read_text())
        if draw.random() < 0.6:
            data = json_text(changed_tree(draw, tree)).encode(errors="replace")
        else:
            data = changed_text(draw, manifest.read_text())
        manifest.write_bytes(data)
    else:
        part.write_bytes(part.read_bytes()[: draw.randrange(2000)])
    verb = draw.choice((words, ("pareto", "out"), ("merge", "study.toml", "out")))
    before = {path: path.read_bytes() for path in store.iterdir()}

    def open_it() -> None:
        try:
            run(folder, *verb)
        except InputError:
            assert all(path.read_bytes() == data for path, data in before.items())
            raise

    return open_it
