"""Ops one by one, and chains of them as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dse.errors import InputError
from dse.sparsity.imbalance import even
from dse.workload.ops import Ops


class Op(NamedTuple):
    """One op before it becomes a column of `Ops`, whose names the fields have."""

    name: str
    kind: str
    reads: tuple[int, ...]
    rows: int
    columns: int
    inner: int = 0
    heads: int = 1
    sharing: int = 1
    cached: int = 0
    choices: float = 1.0
    kept: float = 0.0
    crosses: bool = False
    borrows: bool = False


def chain(ops: Sequence[Op]) -> Ops:
    """Return a chain of dense ops as columns.

    Raises:
        InputError: if an op reads further back than the chain goes.
    """
    for number, op in enumerate(ops):
        if max(op.reads, default=0) > number:
            raise InputError(
                f"op {number}, {op.name}, reads what was made {max(op.reads)} back, "
                f"and only {number} ops are before it; write 0 for what came "
                "before all."
            )

    def column(name: str) -> np.ndarray:
        return np.asarray([getattr(op, name) for op in ops], dtype=float)

    ones = np.ones(len(ops))
    return Ops(
        names=tuple(op.name for op in ops),
        kinds=tuple(op.kind for op in ops),
        reads=tuple(op.reads for op in ops),
        choices=tuple(float(op.choices) for op in ops),
        kept=tuple(float(op.kept) for op in ops),
        crosses=tuple(bool(op.crosses) for op in ops),
        borrows=tuple(bool(op.borrows) for op in ops),
        heads=column("heads"),
        rows=column("rows"),
        inner=column("inner"),
        columns=column("columns"),
        sharing=column("sharing"),
        cached=column("cached"),
        input_density=ones,
        weight_density=ones,
        output_density=ones,
        imbalance=even(len(ops)),
    )


def linear(
    name: str, rows: int, inner: int, columns: int, *, reads: tuple[int, ...] = (1,)
) -> Op:
    """Return activations [rows, inner] times weights [inner, columns].

    What it reads beyond its left operand is added to the result, as a residual is.
    """
    return Op(name, "linear", reads, rows, columns, inner)


def layer_norm(
    name: str, rows: int, columns: int, *, reads: tuple[int, ...] = (1,)
) -> Op:
    """Return a norm over the values of each token."""
    return Op(name, "layer_norm", reads, rows, columns)


def activation(
    name: str, rows: int, columns: int, *, reads: tuple[int, ...] = (1,)
) -> Op:
    """Return GELU or ReLU on the output of the op before it."""
    return Op(name, "activation", reads, rows, columns)
