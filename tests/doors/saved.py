"""Doors for what `dse` wrote itself: records, results, and proofs to go on with."""

from __future__ import annotations

import functools
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

import dse
from dse.explore.shard import Shard
from dse.tuning.enclosure import Enclosure
from dse.tuning.problem import Problem
from dse.tuning.proof_file import begin, read_proofs, write_proof
from tests.doors.door import Draw, Open, door, is_number, write_changed
from tests.doors.mutations import changed_tree, json_text, odd

TINY = dse.transformer("bert-tiny", seq_len=16)
SPACE = dse.Space(dse.TileEngine.edge(), pes=[64, 128, 256], lanes_per_pe=[8, 16])


def damaged(draw: Draw, data: bytes) -> bytes:
    """Return bytes of which some are others, or the end is missing."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 3, 20))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed[: draw.choice((10**9, 10**9, len(changed) // 2, 8, 0))])


@functools.cache
def _records() -> list[Any]:
    """What `dse.save` writes of each kind of record."""
    curve = dse.load_curve("bert-tiny/wordnet/topk")
    kept: list[Any] = [dse.TileEngine.edge(), dse.CrossbarEngine.isaac()]
    kept += [dse.Pair(host=kept[0], coprocessor=dse.SprintEngine.m_sprint())]
    kept += [TINY.with_curve(curve, 0.5), dse.load_technology("acceltran"), curve]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "it.json"
        return [json.loads(dse.save(each, path).read_text()) for each in kept]


@functools.cache
def _results() -> pa.Table:
    buffer, runs = io.BytesIO(), dse.sweep(SPACE, TINY, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        buffer.write(dse.save(runs, Path(folder) / "it.parquet").read_bytes())
    return parquet.read_table(buffer)


@door
def record(draw: Draw, folder: Path) -> Open:
    """A design, workload, technology or curve that was saved."""
    saved = draw.choice(_records())
    path = write_changed(draw, folder / "it.json", saved, json_text)

    def open_it() -> None:
        found = dse.load(path)
        if isinstance(found, dse.Engine):
            run = dse.evaluate(found, TINY, timing="roofline")
            assert is_number([run.latency, run.energy, run.area], 1e-300)
        else:
            text = path.read_text("utf-8-sig")
            assert json.loads(text)["saved"] == saved["saved"]

    return open_it


@door
def results(draw: Draw, folder: Path) -> Open:
    """Results that were saved: their columns, and what they rest on."""
    table, path = _results(), folder / "it.parquet"
    about = dict(table.schema.metadata)
    how = draw.randrange(3)
    if how == 0:
        tree = changed_tree(draw, json.loads(about[b"dse"]))
        about[b"dse"] = json_text(tree).encode(errors="replace")
    elif how == 1:
        at = draw.randrange(table.num_columns)
        name, column = table.column_names[at], table.column(at)
        odd = draw.choice(([None], ["x"], [-1], [np.nan], [1e300], [True]))
        table = draw.choice(
            [
                table.remove_column(at),
                table.set_column(at, name, pa.array(odd * len(table))),
                table.set_column(at, f"{name}x", column),
                table.append_column(name, column),
                table.slice(1),
            ]
        )
    parquet.write_table(table.replace_schema_metadata(about), path)
    if how == 2:
        path.write_bytes(damaged(draw, path.read_bytes()))

    def open_it() -> None:
        found = dse.load(path)
        same = parquet.read_table(path).replace_schema_metadata(None)
        assert same.equals(_results().replace_schema_metadata(None))
        assert list(found.index) == list(range(SPACE.size))

    return open_it


@functools.cache
def _proof() -> tuple[Enclosure, dict[str, Any]]:
    """A proof that had no time, and the arrays of its file."""
    problem = Problem([lambda design: design.pes * design.lanes_per_pe], SPACE)
    enclosure = Enclosure(problem, plain=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "it.npz"
        begun = begin(enclosure, Shard(1, 1))
        write_proof(path, enclosure, begun, np.zeros((0, 1)), 0.0)
        with np.load(path) as kept:
            return enclosure, dict(kept)


@door
def proof(draw: Draw, folder: Path) -> Open:
    """A proof to go on with: what it tells, and its boxes."""
    enclosure, arrays = _proof()
    told, path = json.loads(bytes(arrays["told"])), folder / "it.npz"
    how = draw.randrange(3)
    if how == 0:
        told = changed_tree(draw, told)
        if draw.random() < 0.5:  # of the same question, or it is refused early
            name = draw.choice(("gap", "left_out", "share", "boxes", "seconds"))
            told = json.loads(bytes(arrays["told"])) | {name: odd(draw)}
    elif how == 1:
        name = draw.choice(sorted(arrays))
        value = draw.choice(([], [[]], [[0]], [[-1, 9]], [[0.5, np.nan]], ["x"], 1))
        arrays = arrays | {name: np.asarray(value)}
    text = np.frombuffer(json_text(told).encode(errors="replace"), np.uint8)
    np.savez(path, **arrays | ({} if how == 1 else {"told": text}))
    if how == 2:
        path.write_bytes(damaged(draw, path.read_bytes()))

    def open_it() -> None:
        begun = read_proofs([path], enclosure, 0.01)
        assert begun.sizes == SPACE.size
        assert not np.isnan([begun.left_out, begun.seconds, begun.boxes]).any()
        assert is_number(begun.points)

    return open_it
