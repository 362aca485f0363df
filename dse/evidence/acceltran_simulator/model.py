"""The model dictionaries of AccelTran's simulator, head by head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dse.workload.acceltran_models import read_layers


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
    """Return the layers of a model dictionary; `InputError` where it is none."""
    return [
        Layer(
            hidden=layer.hidden,
            heads=tuple(_head(head) for head in layer.heads),
            feed_forward=layer.widths,
        )
        for layer in read_layers(model)
    ]


def _head(name: str) -> Head:
    kind, parameter, size = name.split("_")
    width = {"sa": size, "c": parameter, "l": "0"}[kind]
    return Head(kind, weighted=parameter == "wma", width=int(width))
