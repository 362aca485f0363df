"""The curves that come with `dse`, by name, and any other by its path."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from dse.records import Quantity
from dse.sparsity.curve_file import read_curve_file
from dse.sparsity.curve_names import curve_name, curve_path, paths_by_length
from dse.sparsity.curve_tables import (
    AttentionTable,
    BalanceTable,
    CurveFile,
    LayerLossTable,
)
from dse.sparsity.curves import AttentionStatistics, Balance, Curve, fit_curve
from dse.sparsity.layer_loss import LayerLoss, fit_layer_loss

_LENGTH = Quantity("1", "tokens", low=1.0)


def load_curve(
    name_or_path: str | Path, *, sequence_length: int | None = None
) -> Curve:
    """Return a curve that `dse` ships, as `bert-base/sst-2/dynatran`, or a file's.

    Where the same was measured at several lengths, `sequence_length` (in tokens) picks
    the nearest by ratio: what a setting keeps depends on the length. Raises
    `InputError` for an unknown name, or with a line for each fault of the file.

    Examples:
        >>> curve = dse.load_curve("bert-base/sst-2/dynatran")
        >>> pruned = dse.transformer("bert-base").with_curve(curve, 0.06)
    """
    path = curve_path(name_or_path)
    if sequence_length is not None:
        sequence_length = _LENGTH.take_one("`sequence_length`", sequence_length)
        path = _nearest_in_length(path, sequence_length)
    return build_curve(curve_name(path), read_curve_file(path))


def _nearest_in_length(path: Path, sequence_length: int) -> Path:
    others = paths_by_length(path)
    own = read_curve_file(path).about.seq_len if others else None
    lengths = others if own is None else others | {own: path}
    distance = {n: abs(math.log(n / sequence_length)) for n in lengths}
    return lengths[min(distance, key=distance.__getitem__)] if lengths else path


def build_curve(name: str, file: CurveFile) -> Curve:
    """Return the curve that a checked file states."""
    table = file.curve
    return fit_curve(
        name,
        file.about,
        settings=table.settings,
        densities=file.density,
        layer_densities=file.density_by_layer,
        accuracy=table.accuracy,
        spread=table.spread or np.zeros(len(table.settings)),
        dense_accuracy=table.dense_accuracy,
        pairs=None if file.attention is None else _pairs(file.attention),
        balance=None if file.balance is None else _balance(file.balance),
        layer_loss=None if file.layer_loss is None else _layer_loss(file.layer_loss),
    )


def _pairs(table: AttentionTable) -> AttentionStatistics:
    arrays = {name: _array(values) for name, values in table}
    return AttentionStatistics(**arrays)


def _balance(table: BalanceTable) -> Balance:
    return Balance(
        tile_sizes=tuple(float(size) for size in table.tile_sizes),
        useful={name: _array(row) for name, row in table.useful.items()},
        median={name: _array(rows) for name, rows in table.median.items()},
        p95={name: _array(rows) for name, rows in table.p95.items()},
    )


def _layer_loss(table: LayerLossTable) -> LayerLoss:
    return fit_layer_loss(table.settings, table.accuracy_drop)


def _array(values: Any) -> Any:
    return None if values is None else np.asarray(values, float)
