"""The file of a curve, read with every fault told, and written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dse.files import write_whole
from dse.sparsity.curve_tables import CurveFile
from dse.toml_file import Faults, Key, read_table, read_toml

DIGITS = 5  # significant ones in a written file: finer than any spread


def read_curve_file(path: Path) -> CurveFile:
    """Read and check the file of a curve.

    Raises one `InputError` with a line `file:line: key: fault; remedy` per fault.
    """
    file = read_toml(path)
    read = read_table(file, CurveFile)
    faults = Faults(file)
    for key, message in _wrong_shapes(read):
        faults.add(key, message)
    faults.tell()
    return read


def _wrong_shapes(read: CurveFile) -> Iterator[tuple[Key, str]]:
    """Find lists that do not have one entry, or one row, for each setting."""
    for key, values, shape in _shapes(read):
        lengths = {len(row) for row in values} if len(shape) == 2 else set()
        if len(values) != shape[0] or lengths - {shape[-1]}:
            wanted = " lists of ".join(str(length) for length in shape)
            yield key, f"has another shape; write {wanted} values, by setting."


def _shapes(read: CurveFile) -> Iterator[tuple[Key, Any, tuple[int, ...]]]:
    """Return the key of every list that has a shape, the list, and that shape."""
    k = len(read.curve.settings)
    yield ("curve", "accuracy"), read.curve.accuracy, (k,)
    if read.curve.spread:
        yield ("curve", "spread"), read.curve.spread, (k,)
    for site, row in read.density.items():
        yield ("density", site), row, (k,)
    for site, rows in read.density_by_layer.items():
        yield ("density_by_layer", site), rows, (len(rows), k)
    pairs = read.attention
    if pairs is not None:
        yield ("attention", "kept"), pairs.kept, (k,)
        for name in ("kept_first_round", "overlap"):
            if getattr(pairs, name) is not None:
                yield ("attention", name), getattr(pairs, name), (k,)
        if pairs.reuse is not None and pairs.capacities is not None:
            yield ("attention", "reuse"), pairs.reuse, (k, len(pairs.capacities))
        if pairs.union is not None and pairs.blocks is not None:
            yield ("attention", "union"), pairs.union, (k, len(pairs.blocks))
    loss = read.layer_loss
    if loss is not None:
        shape = (len(loss.accuracy_drop), len(loss.settings))
        yield ("layer_loss", "accuracy_drop"), loss.accuracy_drop, shape
    if read.balance is not None:
        sizes = len(read.balance.tile_sizes)
        for name in ("useful", "median", "p95"):
            for product, rows in getattr(read.balance, name).items():
                yield ("balance", name, product), rows, (k, sizes)


def write_curve_file(path: Path, file: CurveFile) -> None:
    """Write a curve; what stands at its defaults is left out."""
    tables = file.model_dump(exclude_defaults=True)
    lines: list[str] = []
    for name, table in tables.items():
        _write_table(lines, name, table)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, "\n".join(lines).lstrip("\n") + "\n")


def _write_table(lines: list[str], name: str, table: dict[str, Any]) -> None:
    plain = {key: v for key, v in table.items() if not isinstance(v, dict)}
    if plain:
        lines += ["", f"[{name}]"]
    lines += [f"{key} = {_toml(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            _write_table(lines, f"{name}.{key}", value)


def _toml(value: Any) -> str:
    """Return a text, a number, or lists of numbers as TOML."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # a TOML basic string
    if isinstance(value, list | tuple):
        items = [_toml(item) for item in value]
        if value and isinstance(value[0], list | tuple):
            return "[\n  " + ",\n  ".join(items) + ",\n]"
        return f"[{', '.join(items)}]"
    if isinstance(value, float):
        return np.format_float_positional(
            value, precision=DIGITS, fractional=False, trim="0"
        )
    return str(value)
