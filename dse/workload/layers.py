"""The parts of a transformer layer as chains of ops, sized for one sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dse.sparsity.imbalance import even
from dse.workload.ops import Ops


class Op(NamedTuple):
    """One op before it becomes a column of `Ops`, whose names the fields have."""

    name: str
    kind: str
    depends: int
    rows: int
    columns: int
    inner: int = 0
    heads: int = 1


def chain(ops: Sequence[Op]) -> Ops:
    """Return a chain of dense ops as columns."""

    def column(name: str) -> np.ndarray:
        return np.asarray([getattr(op, name) for op in ops], dtype=float)

    ones = np.ones(len(ops))
    return Ops(
        names=tuple(op.name for op in ops),
        kinds=tuple(op.kind for op in ops),
        depends=tuple(op.depends for op in ops),
        heads=column("heads"),
        rows=column("rows"),
        inner=column("inner"),
        columns=column("columns"),
        input_density=ones,
        weight_density=ones,
        output_density=ones,
        imbalance=even(len(ops)),
    )


def linear(name: str, rows: int, inner: int, columns: int, *, depends: int = 1) -> Op:
    """Return activations [rows, inner] times weights [inner, columns]."""
    return Op(name, "linear", depends, rows, columns, inner)


def layer_norm(name: str, rows: int, columns: int, *, depends: int = 1) -> Op:
    """Return a norm over the values of each token."""
    return Op(name, "layer_norm", depends, rows, columns)


def activation(name: str, rows: int, columns: int) -> Op:
    """Return GELU or ReLU on the output of the op before it."""
    return Op(name, "activation", 1, rows, columns)


def text_embedding(
    *, tokens: int, vocab: int, width: int, hidden: int, norm: bool
) -> list[Op]:
    """Return the gather of token rows, its norm, and the step up to `hidden` if any.

    Rows of the position and token-type tables are added on the way and not counted.
    """
    ops = [Op("embedding", "embedding", 0, tokens, width, vocab)]
    if norm:
        ops.append(layer_norm("norm_embedding", tokens, width))
    if width != hidden:
        ops.append(linear("embedding_projection", tokens, width, hidden))
    return ops


def self_attention(
    *,
    tokens: int,
    keys: int,
    hidden: int,
    heads: int,
    kv_heads: int,
    head_width: int,
    normed: bool = False,
    weighted: bool = False,
    label: str = "",
) -> list[Op]:
    """Return attention from query to output projection, its heads side by side.

    The projections merge all heads; they read the input of the block, or the norm right
    before them (`normed`). `weighted` multiplies the keys of each head by a square
    matrix first. `label` is added to each name.
    """
    query, key = heads * head_width, kv_heads * head_width
    source = [1, 2, 3] if normed else [0, 0, 0]
    ops = [
        linear("query", tokens, hidden, query, depends=source[0]),
        linear("key", tokens, hidden, key, depends=source[1]),
        linear("value", tokens, hidden, key, depends=source[2]),
    ]
    if weighted:
        square = Op("weighted_key", "linear", 2, tokens, head_width, head_width, heads)
        ops.append(square)
    # Scores wait for the keys; the values are needed only by the context.
    newest_key = 1 if weighted else 2
    ops += [
        Op("scores", "matmul", newest_key, tokens, keys, head_width, heads),
        Op("softmax", "softmax", 1, tokens, keys, 0, heads),
        Op("context", "matmul", 1, tokens, head_width, keys, heads),
        linear("output", tokens, query, hidden),
    ]
    return [op._replace(name=op.name + label) for op in ops]


def feed_forward(
    *, tokens: int, hidden: int, widths: Sequence[int], gated: bool = False
) -> list[Op]:
    """Return hidden -> widths -> hidden, an activation after each layer but the last.

    A gated net runs two layers side by side; its activation also multiplies them.
    """
    ops = []
    if gated:
        ops.append(linear("ffn_gate", tokens, hidden, widths[0]))
    inner = hidden
    for number, width in enumerate(widths):
        end = f"_{number + 1}" if len(widths) > 1 else ""
        name = "ffn_up" if number == 0 else f"ffn_mid_{number}"
        back = 2 if gated else 1  # over the gate, to the same input
        ops.append(linear(name, tokens, inner, width, depends=back))
        ops.append(activation(f"activation{end}", tokens, width))
        inner = width
    ops.append(linear("ffn_down", tokens, inner, hidden))
    return ops
