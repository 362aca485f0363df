"""The file of a curve, read with every fault told, and written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dse.files import write_whole
from dse.sparsity.curve_tables import CurveFile
from dse.toml_file import Key, TomlFaults, read_table, read_toml
from dse.toml_text import toml_text

DIGITS = 5  # significant ones in a written file: finer than any spread


def read_curve_file(path: Path) -> CurveFile:
    """Read and check the file of a curve.

    Raises one `InputError` with a line `file:line: key: fault; remedy` per fault.
    """
    file = read_toml(path)
    read = read_table(file, CurveFile)
    faults = TomlFaults(file)
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
    write_whole(path, toml_text(_rounded(file.model_dump(exclude_defaults=True))))


def _rounded(value: Any) -> Any:
    """Return tables whose numbers have no more digits than mean anything."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
