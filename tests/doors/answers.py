"""Doors for the answers of a sweep, read back: explained, compared, begun anew."""

from __future__ import annotations

import atexit
import functools
import io
import json
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import dse
from dse.errors import InputError
from dse.explore.runs import Runs
from tests.doors.commands import STUDY, positive, run
from tests.doors.door import Draw, Open, door, write_changed
from tests.doors.mutations import changed_table, changed_text, json_text
from tests.doors.saved import damaged

OBJECTIVES = "max:throughput_seq_per_s,min:energy_mj"


@functools.cache
def _answered() -> Path:
    """A folder with a study and its answer."""
    folder = Path(tempfile.mkdtemp(prefix="dse-test-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "study.toml").write_text(STUDY)
    run(folder, "sweep", "study.toml", "--out", "out", "--quiet")
    return folder


def _change(draw: Draw, path: Path) -> None:
    """Change a file as its kind asks for."""
    if path.suffix == ".json":
        write_changed(draw, path, json.loads(path.read_text()), json_text)
    elif path.suffix == ".csv":
        how = changed_table if draw.random() < 0.7 else changed_text
        path.write_bytes(how(draw, path.read_text()))
    else:
        path.write_bytes(damaged(draw, path.read_bytes()))


def _explained(folder: Path, number: int, place: str) -> None:
    told = json.loads(run(folder, "explain", place, str(number), "--json").stdout)
    assert told["design"] == number
    assert told["values"] == {"pes": 64 * 2**number}
    assert positive(told)
    whole = told["metrics"]
    energies = (
        *told["dynamic_energy_mj"].values(),
        *told["leakage_energy_mj"].values(),
    )
    assert math.isclose(sum(energies), whole["energy_mj"], rel_tol=1e-6)
    areas = told["area_mm2"].values()
    assert math.isclose(sum(areas), whole["area_mm2"], rel_tol=1e-6)


def _fronts(folder: Path, table: str) -> None:
    found = run(folder, "pareto", table, "--objectives", OBJECTIVES)
    front = pd.read_csv(io.StringIO(found.stdout))
    assert len(front) <= 5
    assert front[["throughput_seq_per_s", "energy_mj"]].notna().all(axis=None)


def _compared(folder: Path, number: int, place: str) -> None:
    words = ("compare", f"{place}#{number}", "tile:edge", "--workload", "bert-tiny")
    told = json.loads(run(folder, *words, "--seq-len", "16", "--json").stdout)
    assert positive(told)


def _begun(folder: Path) -> None:
    run(folder, "new", "study", "again", "--from", "out")
    found = dse.load_study(folder / "again")
    assert 1 <= found.space.size <= 2


def _loaded(folder: Path) -> None:
    found = dse.load(folder / "out")
    assert isinstance(found, Runs)
    whole = dse.load(_answered() / "out")
    assert found.to_pandas().equals(whole.to_pandas())


@door
def answer(draw: Draw, folder: Path) -> Open:
    """The answer of a sweep after its files were changed."""
    shutil.copytree(_answered(), folder, dirs_exist_ok=True)
    out, number = folder / "out", draw.choice((0, 1, 1, 2, 10**9))
    path = out / draw.choice(("front.parquet", "front.csv", "summary.json"))
    _change(draw, path)
    before = {each: each.read_bytes() for each in out.iterdir()}
    if draw.random() < 0.1:
        path.unlink()
        path.mkdir()
    uses: dict[str, list[Any]] = {
        "front.parquet": [_explained, _compared, _begun, _loaded, _fronts],
        "front.csv": [_fronts],
        "summary.json": [None],
    }
    use = draw.choice(uses[path.name])

    def open_it() -> None:
        if use in (_explained, _compared):
            use(folder, number, "out")
        elif use is _fronts:
            _fronts(folder, f"out/{path.name}")
        elif use is not None:
            use(folder)
        else:
            _again(folder, before)

    return open_it


def _again(folder: Path, before: dict[Path, bytes]) -> None:
    """Ask the same again: the answer of another study is left as it was."""
    try:
        run(folder, "sweep", "study.toml", "--out", "out", "--quiet")
    except InputError:
        left = {path: path.read_bytes() for path in before if path.is_file()}
        assert left == {path: before[path] for path in left}
        raise
    whole = (_answered() / "out" / "front.parquet").read_bytes()
    assert (folder / "out" / "front.parquet").read_bytes() == whole
