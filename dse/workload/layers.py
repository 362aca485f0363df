"""The parts of a transformer layer as chains of ops, sized for one sequence."""

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


def chain(ops: Sequence[Op]) -> Ops:
    """Return a chain of dense ops as columns.

    Raises:
        InputError: if an op reads further back than the chain goes.
    """
    for number, op in enumerate(ops):
        if max(op.reads, default=0) > number:
            raise InputError(
                f"op {number}, {op.name}, reads what was made {max(op.reads)} back, "
                f"and only {number} ops are before it; 0 reads what came before all."
            )

    def column(name: str) -> np.ndarray:
        return np.asarray([getattr(op, name) for op in ops], dtype=float)

    ones = np.ones(len(ops))
    return Ops(
        names=tuple(op.name for op in ops),
        kinds=tuple(op.kind for op in ops),
        reads=tuple(op.reads for op in ops),
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


def text_embedding(
    *, tokens: int, vocab: int, width: int, hidden: int, norm: bool
) -> list[Op]:
    """Return the gather of token rows, its norm, and the step up to `hidden` if any.

    Rows of the position and token-type tables are added on the way and not counted.
    """
    ops = [Op("embedding", "embedding", (), tokens, width, vocab)]
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
    before them (`normed`), and the last one adds that input to its result. Query heads
    that share a key head are rows of one product, so that a key is read once for all of
    them. `weighted` multiplies the keys of each head by a square matrix first. Keys and
    values beyond those of `tokens` come from a cache. `label` is added to each name.
    """
    query, key = heads * head_width, kv_heads * head_width
    sharing, cached = heads // kv_heads, (keys - tokens) * head_width
    rows = sharing * tokens
    source = [(1,), (2,), (3,)] if normed else [(0,), (0,), (0,)]
    ops = [
        linear("query", tokens, hidden, query, reads=source[0]),
        linear("key", tokens, hidden, key, reads=source[1]),
        linear("value", tokens, hidden, key, reads=source[2]),
    ]
    if weighted:
        square = Op("weighted_key", "linear", (2,), tokens, head_width, head_width)
        ops.append(square._replace(heads=heads))
    # Scores wait for the keys; the values are needed only by the context.
    newest_key = 1 if weighted else 2
    back = len(ops)
    scores = Op("scores", "matmul", (back, newest_key), rows, keys, head_width)
    softmax = Op("softmax", "softmax", (1,), rows, keys)
    context = Op("context", "matmul", (1, back), rows, head_width, keys)
    ops += [
        op._replace(heads=kv_heads, sharing=sharing)
        for op in (scores, softmax, context)
    ]
    ops[-3] = ops[-3]._replace(cached=cached)
    ops[-1] = ops[-1]._replace(cached=cached)
    ops.append(linear("output", tokens, query, hidden, reads=(1, 0)))
    return [op._replace(name=op.name + label) for op in ops]


def feed_forward(
    *,
    tokens: int,
    hidden: int,
    widths: Sequence[int],
    gated: bool = False,
    source: int = 1,
    residual: int = 1,
) -> list[Op]:
    """Return hidden -> widths -> hidden, an activation after each layer but the last.

    A gated net runs two layers side by side; its activation also multiplies them.
    `source` says how many ops before the net its input was made, `residual` what is
    added to its result.
    """
    ops = []
    if gated:
        ops.append(linear("ffn_gate", tokens, hidden, widths[0], reads=(source,)))
    inner = hidden
    for number, width in enumerate(widths):
        end = f"_{number + 1}" if len(widths) > 1 else ""
        name = "ffn_up" if number == 0 else f"ffn_mid_{number}"
        back = source + len(ops) if number == 0 else 1
        ops.append(linear(name, tokens, inner, width, reads=(back,)))
        both = (1, 2) if gated and number == 0 else (1,)
        ops.append(activation(f"activation{end}", tokens, width, reads=both))
        inner = width
    ops.append(
        linear("ffn_down", tokens, inner, hidden, reads=(1, residual + len(ops)))
    )
    return ops
