"""The model dictionaries of AccelTran's simulator, head by head."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from dse.errors import InputError

_HEAD = re.compile(r"(sa)_(sdp|wma)_([1-9]\d*)|(c)_([1-9]\d*)_\d+|(l)_(?:dct|dft)_\d+")
_MEANINGS = {
    "l": "number of layers",
    "h": "hidden sizes, one per layer",
    "o": "lists of heads, one per layer",
    "f": "lists of feed-forward widths, one per layer",
}


class Head(NamedTuple):
    """One attention head.

    `kind` is `sa` (self-attention, `width` wide, with a matrix on its keys where
    `weighted`), `c` (convolution with `width` taps) or `l` (linear transform).
    """

    kind: str
    weighted: bool
    width: int


class Layer(NamedTuple):
    """One layer: its hidden size, its heads and its feed-forward widths."""

    hidden: int
    heads: tuple[Head, ...]
    feed_forward: tuple[int, ...]


def read_model(model: Mapping[str, Any]) -> list[Layer]:
    """Read a model dictionary (keys `l`, `h`, `o`, `f`) into its layers.

    Raises:
        InputError: a key is missing, a list has the wrong length, or a value is odd.
    """
    for key, meaning in _MEANINGS.items():
        if key not in model:
            raise InputError(f"The model dictionary lacks `{key}`, its {meaning}.")
    count = _whole("l", model["l"])
    hidden, heads, widths = (_list(key, model[key], count) for key in ("h", "o", "f"))
    return [
        Layer(
            hidden=_whole(f"h[{i}]", hidden[i]),
            heads=tuple(_head(f"o[{i}]", text) for text in _list(f"o[{i}]", heads[i])),
            feed_forward=tuple(
                _whole(f"f[{i}]", width) for width in _list(f"f[{i}]", widths[i])
            ),
        )
        for i in range(count)
    ]


def _head(place: str, text: Any) -> Head:
    match = _HEAD.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InputError(
            f"`{place}` of the model dictionary has the head {text!r}; write "
            "`sa_sdp_64`, `sa_wma_64`, `c_5_64`, `l_dct_64` or `l_dft_64`."
        )
    attention, variant, width, convolution, taps, _ = match.groups()
    if attention:
        return Head("sa", variant == "wma", int(width))
    return Head("c", False, int(taps)) if convolution else Head("l", False, 0)


def _list(place: str, value: Any, length: int | None = None) -> list[Any]:
    wanted = "entries" if length is None else f"{length} entries, one for each layer"
    good = isinstance(value, list | tuple) and length in (None, len(value))
    if not good or (place.startswith("o[") and not value):
        raise InputError(
            f"`{place}` of the model dictionary must be a list with {wanted}, "
            f"got {value!r}."
        )
    return list(value)


def _whole(place: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(
            f"`{place}` of the model dictionary must be a whole number above zero, "
            f"got {value!r}."
        )
    return value
