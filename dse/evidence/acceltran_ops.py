"""The list of ops that AccelTran's simulator makes of a transformer, traps included.

The simulator turns a model into two lists, one of transfers (loads and stores) and one of
compute ops, and walks through both in order. Attention heads run in parallel: their ops
stand in a *group*, one list per head, and a group counts as one op of the outer list.

What a physical machine would not do, and these lists do: every weight matrix is as many
times too large as there are sequences in the batch; the whole embedding table is loaded;
a non-linearity works on the *input* shape of its feed-forward layer; layer norms wait for
nothing; weighted attention stores its keys twice.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from dse.errors import InputError

Kind = Literal["matmul", "conv", "nonlin", "ln", "softmax"]
HEAD_KINDS = ("sa", "c", "l")


@dataclass(frozen=True, eq=False)
class Stage:
    """One compute op, cut into equal tile ops.

    `needs` names the data it reads; `multiplications` are those of one tile op (zero
    where the unit's time does not depend on them).
    """

    name: str
    kind: Kind
    tiles: int
    needs: tuple[str, ...] = ()
    multiplications: int = 0


@dataclass(frozen=True, eq=False)
class Transfer:
    """One load into the weight buffer, or one store into the activation buffer.

    A store waits for the last tile op of the stage `after`. Pinned data are never evicted.
    """

    data: str
    elements: int
    after: Stage | None = None
    pinned: bool = False

    @property
    def is_store(self) -> bool:
        """Say whether results go to the activation buffer, or weights come in."""
        return self.after is not None


StageGroup: TypeAlias = tuple[tuple[Stage, ...], ...]
TransferGroup: TypeAlias = tuple[tuple[Transfer, ...], ...]


@dataclass(frozen=True)
class Program:
    """The two lists that the simulator walks through side by side."""

    transfers: tuple[Transfer | TransferGroup, ...]
    stages: tuple[Stage | StageGroup, ...]


@dataclass(frozen=True)
class Layer:
    """One layer of a model dictionary: its width, its heads and its feed-forward widths."""

    hidden: int
    heads: tuple[tuple[str, str, int], ...]
    feed_forward: tuple[int, ...]


@dataclass(frozen=True)
class Shape:
    """What fixes the size of every op: batch, sequence, vocabulary and tile."""

    batch: int
    seq_len: int
    vocab: int
    tile_b: int
    tile_xy: int

    def tiles(self, rows: int, columns: int, inner: int = 1) -> int:
        """Return how many tile ops cover a batch of rows x columns (x inner)."""
        tile = self.tile_xy
        return (
            _ceil_div(self.batch, self.tile_b)
            * _ceil_div(rows, tile)
            * _ceil_div(columns, tile)
            * _ceil_div(inner, tile)
        )

    def elements(self, rows: int, columns: int) -> int:
        """Return the elements of a batch of matrices."""
        return self.batch * rows * columns


def build_program(model: Mapping[str, Any], shape: Shape) -> Program:
    """Return the op lists of a model dictionary (keys `l`, `h`, `o`, `f`).

    Raises:
        InputError: the dictionary lacks a key or holds a value that cannot be used.
    """
    layers = read_model(model)
    table = (shape.vocab + shape.seq_len) * layers[0].hidden
    transfers: list[Transfer | TransferGroup] = [
        Transfer("embedding", table, pinned=True)
    ]
    stages: list[Stage | StageGroup] = []
    for number, layer in enumerate(layers):
        place = f"layer {number + 1}"
        heads = [
            _head(f"{place} head {i + 1}", head, layer.hidden, shape)
            for i, head in enumerate(layer.heads)
        ]
        transfers.append(tuple(tuple(moves) for moves, _ in heads))
        stages.append(tuple(tuple(steps) for _, steps in heads))
        last = number + 1 == len(layers)
        next_hidden = layer.hidden if last else layers[number + 1].hidden
        for op in _sequential(place, layer, next_hidden, shape):
            if isinstance(op, Transfer):
                transfers.append(op)
            else:
                stages.append(op)
    return Program(tuple(transfers), tuple(stages))


def read_model(model: Mapping[str, Any]) -> tuple[Layer, ...]:
    """Read a model dictionary into layers.

    Raises:
        InputError: a key is missing, lists differ in length, or a head is unreadable.
    """
    missing = [key for key in ("l", "h", "o", "f") if key not in model]
    if missing:
        raise InputError(
            f"The model dictionary lacks {', '.join(f'`{k}`' for k in missing)}; it needs "
            "`l` (layers), `h` (widths), `o` (heads per layer), `f` (feed-forward widths)."
        )
    count = _count("l", model["l"])
    for key in ("h", "o", "f"):
        values = model[key]
        if not isinstance(values, Sequence) or isinstance(values, str):
            raise InputError(
                f"`{key}` of the model dictionary must be a list per layer."
            )
        if len(values) < count:
            raise InputError(
                f"`{key}` of the model dictionary has {len(values)} entries for "
                f"{count} layers; give one for each layer."
            )
    return tuple(
        _layer(i, model["h"][i], model["o"][i], model["f"][i]) for i in range(count)
    )


def _layer(index: int, hidden: Any, heads: Any, feed_forward: Any) -> Layer:
    for key, values in (("o", heads), ("f", feed_forward)):
        if not isinstance(values, Sequence) or isinstance(values, str):
            raise InputError(
                f"`{key}[{index}]` of the model dictionary must be a list."
            )
    if not heads:
        raise InputError(
            f"`o[{index}]` of the model dictionary names no attention head."
        )
    return Layer(
        hidden=_count(f"h[{index}]", hidden),
        heads=tuple(_read_head(f"o[{index}]", head) for head in heads),
        feed_forward=tuple(_count(f"f[{index}]", width) for width in feed_forward),
    )


def _read_head(place: str, text: Any) -> tuple[str, str, int]:
    parts = text.split("_") if isinstance(text, str) else []
    try:
        kind, parameter, width = parts
        if kind == "c":
            int(parameter)
        if kind not in HEAD_KINDS:
            raise ValueError
        return kind, parameter, int(width)
    except ValueError:
        raise InputError(
            f"`{place}` of the model dictionary has the head {text!r}; write "
            "`sa_sdp_64`, `sa_wma_64`, `c_<kernel>_64`, `l_dct_64` or `l_dft_64`."
        ) from None


def _count(place: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(
            f"`{place}` of the model dictionary is {value!r}; it must be a whole number "
            "above zero."
        )
    return value


def _head(
    place: str, head: tuple[str, str, int], hidden: int, shape: Shape
) -> tuple[list[Transfer], list[Stage]]:
    kind, parameter, width = head
    if kind == "sa":
        return _attention(place, parameter == "wma", hidden, width, shape)
    tokens = shape.seq_len
    if kind == "c":
        kernel = int(parameter)
        size, weights = shape.elements(kernel, hidden), f"{place} convolution weights"
        per_tile = shape.tile_b * shape.tile_xy * (shape.tile_xy - kernel)
        tiles = shape.tiles(tokens, hidden)
        step = Stage(f"{place} convolution", "conv", tiles, (weights,), per_tile)
    else:
        size, weights = shape.elements(tokens, tokens), f"{place} transform weights"
        step = _matmul(
            f"{place} transform", (tokens, tokens, hidden), (weights,), shape
        )
    output = Transfer(f"{place} output", shape.elements(tokens, hidden), step)
    return [Transfer(weights, size), output], [step]


def _attention(
    place: str, weighted: bool, hidden: int, width: int, shape: Shape
) -> tuple[list[Transfer], list[Stage]]:
    """List the ops of one self-attention head; weighted: the keys pass another matrix."""
    tokens = shape.seq_len
    names = ("query", "key", "value")
    weights = [
        Transfer(f"{place} {name} weights", shape.elements(hidden, width))
        for name in names
    ]
    projections = [
        _matmul(f"{place} {name}", (tokens, hidden, width), (weight.data,), shape)
        for name, weight in zip(names, weights, strict=True)
    ]
    stores = [
        Transfer(step.name, shape.elements(tokens, width), step) for step in projections
    ]
    query, key, value = (store.data for store in stores)
    transfers, stages = weights + stores, list(projections)
    if weighted:
        extra = Transfer(f"{place} key mixing weights", shape.elements(width, width))
        needs = (extra.data, key, query, value)
        stages.append(
            _matmul(f"{place} key mixing", (width, width, tokens), needs, shape)
        )
        transfers += [extra, stores[1]]
    scores = _matmul(
        f"{place} scores", (tokens, width, tokens), (query, key, value), shape
    )
    softmax = Stage(
        f"{place} probabilities",
        "softmax",
        shape.tiles(tokens, tokens),
        (scores.name, value),
    )
    mixed = _matmul(
        f"{place} mixed values", (tokens, tokens, width), (value, softmax.name), shape
    )
    last = Transfer(f"{place} output weights", shape.elements(width, hidden))
    output = _matmul(
        f"{place} output", (tokens, width, hidden), (last.data, mixed.name), shape
    )
    square, narrow = shape.elements(tokens, tokens), shape.elements(tokens, width)
    transfers += [
        Transfer(scores.name, square, scores),
        Transfer(softmax.name, square, softmax),
        Transfer(mixed.name, narrow, mixed),
        last,
        Transfer(output.name, shape.elements(tokens, hidden), output),
    ]
    return transfers, [*stages, scores, softmax, mixed, output]


def _sequential(
    place: str, layer: Layer, next_hidden: int, shape: Shape
) -> Iterator[Transfer | Stage]:
    """List what follows the heads: layer norm, feed-forward layers, layer norm."""
    norm_tiles = shape.tiles(shape.seq_len, layer.hidden)
    yield Stage(f"{place} layer norm 1", "ln", norm_tiles)
    widths = [layer.hidden, *layer.feed_forward]
    if layer.feed_forward:
        widths.append(layer.hidden)
    for i, (rows, columns) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
        yield from _feed_forward(f"{place} feed-forward {i + 1}", rows, columns, shape)
    yield Stage(f"{place} layer norm 2", "ln", norm_tiles)
    if next_hidden != layer.hidden:
        yield from _feed_forward(
            f"{place} projection", layer.hidden, next_hidden, shape
        )


def _feed_forward(
    place: str, width_in: int, width_out: int, shape: Shape
) -> Iterator[Transfer | Stage]:
    tokens = shape.seq_len
    weights = Transfer(f"{place} weights", shape.elements(width_in, width_out))
    step = _matmul(place, (tokens, width_in, width_out), (weights.data,), shape)
    yield weights
    yield step
    yield Transfer(place, shape.elements(tokens, width_out), step)
    tiles = shape.tiles(tokens, width_in)
    yield Stage(f"{place} non-linearity", "nonlin", tiles, (place,))


def _matmul(
    name: str, size: tuple[int, int, int], needs: tuple[str, ...], shape: Shape
) -> Stage:
    rows, inner, columns = size
    per_tile = shape.tile_b * shape.tile_xy**3
    return Stage(name, "matmul", shape.tiles(rows, columns, inner), needs, per_tile)


def _ceil_div(whole: int, part: int) -> int:
    return -(-whole // part)
