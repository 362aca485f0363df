"""AccelTran's model dictionaries: layers whose heads are not all of one kind."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from dse.errors import InputError, check_kind, did_you_mean, quoted
from dse.workload.layer_ops import OpList, Tokens, attention_ops, network_ops
from dse.workload.layers import Op, chain, layer_norm, linear
from dse.workload.liveness import BEFORE
from dse.workload.ops import Block, Workload
from dse.workload.parts import Attention, FeedForward
from dse.workload.shapes import whole

_SIZE = r"[1-9]\d{0,8}"
_HEAD = re.compile(rf"(?:sa_(?:sdp|wma)|c_{_SIZE}|l_(?:dct|dft))_{_SIZE}")
_KEYS = {"l": "layers", "o": "heads", "h": "hidden sizes", "f": "feed-forward widths"}


class Layer(NamedTuple):
    """One layer of a model dictionary: its heads, hidden size, feed-forward widths."""

    heads: tuple[str, ...]
    hidden: int
    widths: tuple[int, ...]

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        """Each kind of head, and how many there are."""
        return tuple(Counter(self.heads).items())


def acceltran_model(
    dictionary: Mapping[str, object],
    *,
    seq_len: int = 128,
    vocab: int = 30522,
    batch: float = 4,
    name: str = "acceltran-model",
) -> Workload:
    """Return the workload of a model dictionary, one block per run of equal layers.

    The dictionary holds the number of layers `l` and, one entry per layer, heads `o`,
    hidden sizes `h` and lists of feed-forward widths `f`. A head is

    - `sa_sdp_D` scaled dot product, `sa_wma_D` with a D x D matrix on its keys,
    - `c_K_D` a depthwise convolution with K taps over all hidden values,
    - `l_dct_D`, `l_dft_D` an [N, N] transform along the tokens of all hidden values.

    Equal heads of a layer are merged into one chain of ops; where a layer mixes kinds,
    the kind is added to the names. A transform multiplies from the left; it is written
    transposed, [heads hidden, N] x [N, N], so that its constants, which equal heads
    share, are the right operand. Where the hidden size changes, a linear projection
    stands between the layers.

    Args:
        dictionary: as above, for example from a JSON file.
        seq_len: tokens per sequence, N.
        vocab: rows of the token table.
        batch: sequences run together.
        name: what the workload is called.

    Raises:
        InputError: for a missing or unknown key, a list whose length is not `l`, an
            unknown kind of head or an odd size; the message names the place.

    Source: tuli2023acceltran, model dictionaries and generator of ops.

    Examples:
        >>> heads = ["sa_sdp_32", "c_5_32"]
        >>> one_layer = {"l": 1, "o": [heads], "h": [64], "f": [[256]]}
        >>> dse.evaluate("tile:edge", dse.acceltran_model(one_layer)).bottleneck
        'main_memory_port'
    """
    tokens = whole("`seq_len`", seq_len)
    rows = whole("`vocab`", vocab)
    layers = read_layers(dictionary)
    first = layers[0].hidden
    embedding = [
        Op("embedding", "embedding", (), tokens, first, rows),
        layer_norm("norm_embedding", tokens, first),
    ]
    blocks = [Block(ops=chain(embedding), repeats=1)]
    hidden = first
    for _, run in itertools.groupby(
        layers, lambda each: (each.kinds, each.hidden, each.widths)
    ):
        equal = list(run)
        layer = equal[0]
        if layer.hidden != hidden:
            step = linear("ffn_projection", tokens, hidden, layer.hidden, reads=(0,))
            blocks.append(Block(ops=chain([step]), repeats=1))
            hidden = layer.hidden
        ops = chain(_layer_ops(layer, tokens))
        blocks.append(Block(ops=ops, repeats=len(equal)))
    return Workload(name=name, blocks=tuple(blocks), batch=batch, seq_len=tokens)


def _layer_ops(layer: Layer, tokens: int) -> list[Op]:
    ops, hidden = OpList(), layer.hidden
    ends = []  # of each kind of head
    for head, count in layer.kinds:
        label = f"_{head}" if len(layer.kinds) > 1 else ""
        ends.append(_head_ops(ops, head, count, tokens, hidden, label))
    norm = Op("norm_attention", "layer_norm", (), tokens, hidden)
    read = ops.add(norm, *reversed(ends))
    network = FeedForward(hidden=hidden, widths=layer.widths)
    result = network_ops(ops, network, tokens, read, (read,))
    ops.add(norm._replace(name="norm_ffn"), result)
    return ops.ops


def _head_ops(
    ops: OpList, head: str, count: int, tokens: int, hidden: int, label: str
) -> int:
    """Add equal heads of a layer; return the place of their result."""
    kind, parameter, size = head.split("_")
    if kind == "sa":
        width = int(size)
        part = Attention(
            hidden=hidden,
            heads=count,
            kv_heads=count,
            key_width=width,
            value_width=width,
        )
        run = Tokens(rows=tokens, keys=tokens)
        weighted = parameter == "wma"
        return attention_ops(ops, part, run, label=label, weighted=weighted)
    if kind == "c":
        taps, name = int(parameter), f"convolution{label}"
        convolution = Op(name, "convolution", (), tokens, hidden, taps, count)
        return ops.add(convolution, BEFORE)
    transform = Op(f"transform{label}", "transform", (), count * hidden, tokens, tokens)
    return ops.add(transform, BEFORE)


def read_layers(dictionary: Mapping[str, Any]) -> list[Layer]:
    """Return the layers of a model dictionary, as `acceltran_model` describes it.

    Raises `InputError` where it is none; the message names the place.
    """
    check_kind("`dictionary`", dictionary, Mapping, "a dict with l, o, h and f")
    for key in dictionary:
        if key not in _KEYS:
            raise InputError(
                f"a model dictionary has no key `{key}`."
                + did_you_mean(str(key), _KEYS)
            )
    for key, meaning in _KEYS.items():
        if key not in dictionary:
            raise InputError(f"the model dictionary lacks `{key}`; add its {meaning}.")
    count = whole("`l` of the model dictionary", dictionary["l"])
    for key in ("o", "h", "f"):
        value = dictionary[key]
        if not isinstance(value, list | tuple) or len(value) != count:
            raise InputError(
                f"`{key}` of the model dictionary needs a list with one entry for each "
                f"of its `l` = {count} layers, got {quoted(value)}."
            )
    return [
        Layer(
            heads=_heads(dictionary["o"][i], f"`o[{i}]`"),
            hidden=whole(f"`h[{i}]` of the model dictionary", dictionary["h"][i]),
            widths=_widths(dictionary["f"][i], f"`f[{i}]`"),
        )
        for i in range(count)
    ]


def _heads(names: Any, place: str) -> tuple[str, ...]:
    if not isinstance(names, list | tuple) or not names:
        raise InputError(
            f"{place} of the model dictionary is {quoted(names)}; write a list of its "
            "heads."
        )
    for number, name in enumerate(names):
        if not isinstance(name, str) or not _HEAD.fullmatch(name):
            raise InputError(
                f"head {number} in {place} of the model dictionary is {quoted(name)}; "
                "write `sa_sdp_D`, `sa_wma_D`, `c_K_D`, `l_dct_D` or `l_dft_D` with "
                "whole numbers for D and K."
            )
    return tuple(names)


def _widths(values: Any, place: str) -> tuple[int, ...]:
    if not isinstance(values, list | tuple) or not values:
        raise InputError(
            f"{place} of the model dictionary is {quoted(values)}; write a list of its "
            "widths."
        )
    what = f"a width in {place} of the model dictionary"
    return tuple(whole(what, value) for value in values)
