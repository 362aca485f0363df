"""The lists of ops that AccelTran's simulator makes of a transformer, traps included.

The simulator turns a model into two lists, one of transfers (loads and stores) and one
of compute ops, and walks through both in order. Attention heads run in parallel: their
ops stand in a *group*, one list per head, and a group counts as one op of its list.

What no physical machine would do, and these lists do: every weight matrix is as many
times too large as there are sequences in a batch; the whole embedding table is loaded;
a non-linearity works on the *input* shape of its feed-forward layer; layer norms wait
for nothing; weighted attention stores its keys twice.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from dse.evidence.acceltran_simulator.model import Head, Layer, read_model

Kind = Literal["matmul", "conv", "nonlin", "ln", "softmax"]


@dataclass(frozen=True, eq=False)
class Stage:
    """One compute op, cut into equal tile ops.

    `needs` names the data it reads; `multiplications` are those of one tile op (zero
    where a unit's time does not depend on them).
    """

    name: str
    kind: Kind
    tiles: int
    needs: tuple[str, ...] = ()
    multiplications: int = 0


@dataclass(frozen=True, eq=False)
class Transfer:
    """One load into the weight buffer, or one store into the activation buffer.

    A store waits for the last tile op of the stage `after`; a load has none. Pinned
    data are never evicted.
    """

    data: str
    elements: int
    after: Stage | None = None
    pinned: bool = False


StageGroup: TypeAlias = tuple[tuple[Stage, ...], ...]
TransferGroup: TypeAlias = tuple[tuple[Transfer, ...], ...]
_ATTENTION = ("scores", "probabilities", "mixed values", "output")
_HeadOps: TypeAlias = tuple[list[Transfer], list[Stage]]


@dataclass(frozen=True)
class Program:
    """The two lists that the simulator walks through side by side."""

    transfers: tuple[Transfer | TransferGroup, ...]
    stages: tuple[Stage | StageGroup, ...]


@dataclass(frozen=True)
class Shape:
    """What fixes the size of every op: batch, tokens, vocabulary and tile."""

    batch: int
    tokens: int
    vocab: int
    tile_b: int
    tile_xy: int

    def tiles(self, rows: int, columns: int, inner: int = 1) -> int:
        """Return how many tile ops cover a batch of rows x columns (x inner)."""
        count = _ceil_div(self.batch, self.tile_b)
        for length in (rows, columns, inner):
            count *= _ceil_div(length, self.tile_xy)
        return count

    def elements(self, rows: int, columns: int) -> int:
        """Return the elements of a batch of matrices."""
        return self.batch * rows * columns

    def matmul(
        self, name: str, size: tuple[int, int, int], needs: tuple[str, ...]
    ) -> Stage:
        """Return the stage of a product [rows, inner] x [inner, columns]."""
        rows, inner, columns = size
        tiles = self.tiles(rows, columns, inner)
        return Stage(name, "matmul", tiles, needs, self.tile_b * self.tile_xy**3)


def build_program(model: Mapping[str, Any], shape: Shape) -> Program:
    """Return the op lists of a model dictionary (keys `l`, `h`, `o`, `f`).

    Raises:
        InputError: the dictionary lacks a key or holds a value that cannot be used.
    """
    layers = read_model(model)
    table = (shape.vocab + shape.tokens) * layers[0].hidden
    transfers: list[Transfer | TransferGroup] = [
        Transfer("embedding", table, pinned=True)
    ]
    stages: list[Stage | StageGroup] = []
    for index, layer in enumerate(layers):
        place = f"layer {index + 1}"
        heads = [
            _head(f"{place} head {i + 1}", head, layer.hidden, shape)
            for i, head in enumerate(layer.heads)
        ]
        transfers.append(tuple(tuple(loads_stores) for loads_stores, _ in heads))
        stages.append(tuple(tuple(steps) for _, steps in heads))
        following = layers[min(index + 1, len(layers) - 1)]
        for op in _after_heads(place, layer, following.hidden, shape):
            if isinstance(op, Transfer):
                transfers.append(op)
            else:
                stages.append(op)
    return Program(tuple(transfers), tuple(stages))


def _head(place: str, head: Head, hidden: int, shape: Shape) -> _HeadOps:
    if head.kind == "sa":
        return _attention(place, head, hidden, shape)
    tokens, needs = shape.tokens, (f"{place} weights",)
    if head.kind == "c":
        size = shape.elements(head.width, hidden)
        per_tile = shape.tile_b * shape.tile_xy * (shape.tile_xy - head.width)
        tiles = shape.tiles(tokens, hidden)
        step = Stage(f"{place} convolution", "conv", tiles, needs, per_tile)
    else:
        size = shape.elements(tokens, tokens)
        step = shape.matmul(f"{place} transform", (tokens, tokens, hidden), needs)
    store = Transfer(step.name, shape.elements(tokens, hidden), step)
    return [Transfer(needs[0], size), store], [step]


def _attention(place: str, head: Head, hidden: int, shape: Shape) -> _HeadOps:
    """List the ops of one self-attention head."""
    n, d, product = shape.tokens, head.width, shape.matmul
    q, k, v, scores, softmax, mixed, output = (
        f"{place} {name}" for name in ("query", "key", "value", *_ATTENTION)
    )
    loads = [Transfer(f"{x} weights", shape.elements(hidden, d)) for x in (q, k, v)]
    stages = [product(x, (n, hidden, d), (f"{x} weights",)) for x in (q, k, v)]
    stores = [Transfer(x.name, shape.elements(n, d), x) for x in stages]
    transfers = loads + stores
    if head.weighted:
        mixing = f"{place} key mixing"
        transfers += [
            Transfer(f"{mixing} weights", shape.elements(d, d)),
            stores[1],
        ]
        stages.append(product(mixing, (d, d, n), (f"{mixing} weights", k, q, v)))
    rest = [
        product(scores, (n, d, n), (q, k, v)),
        Stage(softmax, "softmax", shape.tiles(n, n), (scores, v)),
        product(mixed, (n, n, d), (v, softmax)),
        product(output, (n, d, hidden), (f"{output} weights", mixed)),
    ]
    widths = (n, n, d, hidden)
    transfers += [
        Transfer(stage.name, shape.elements(n, width), stage)
        for stage, width in zip(rest, widths, strict=True)
    ]
    last_load = Transfer(f"{output} weights", shape.elements(d, hidden))
    transfers.insert(len(transfers) - 1, last_load)
    return transfers, stages + rest


def _after_heads(
    place: str, layer: Layer, next_hidden: int, shape: Shape
) -> Iterator[Transfer | Stage]:
    """List what follows the heads: layer norm, feed-forward layers, layer norm."""
    norm_tiles = shape.tiles(shape.tokens, layer.hidden)
    yield Stage(f"{place} layer norm 1", "ln", norm_tiles)
    back = [layer.hidden] if layer.feed_forward else []
    widths = itertools.pairwise([layer.hidden, *layer.feed_forward, *back])
    for i, (width_in, width_out) in enumerate(widths):
        name = f"{place} feed-forward {i + 1}"
        yield from _feed_forward(name, width_in, width_out, shape)
    yield Stage(f"{place} layer norm 2", "ln", norm_tiles)
    if next_hidden != layer.hidden:
        name = f"{place} projection"
        yield from _feed_forward(name, layer.hidden, next_hidden, shape)


def _feed_forward(
    name: str, width_in: int, width_out: int, shape: Shape
) -> Iterator[Transfer | Stage]:
    weights = f"{name} weights"
    step = shape.matmul(name, (shape.tokens, width_in, width_out), (weights,))
    yield Transfer(weights, shape.elements(width_in, width_out))
    yield step
    yield Transfer(name, shape.elements(shape.tokens, width_out), step)
    tiles = shape.tiles(shape.tokens, width_in)
    yield Stage(f"{name} non-linearity", "nonlin", tiles, (name,))


def _ceil_div(whole: int, part: int) -> int:
    return -(-whole // part)
