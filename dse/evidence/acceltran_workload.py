"""What AccelTran's simulator runs for a model, as a workload of this package.

It differs from the transformer that the dictionary describes: every head loads and
stores on its own, the non-linearity follows each feed-forward layer and has the size of
its input, and the whole embedding table comes first. Source: tuli2023acceltran,
generator of ops of the open-source simulator.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Any

from dse.workload.acceltran_models import read_layers
from dse.workload.layers import Op, activation, chain, layer_norm, linear
from dse.workload.ops import Block, Workload, set_density


def simulator_workload(
    model: Mapping[str, Any],
    *,
    seq_len: int,
    vocab: int,
    batch: float,
    activation_density: float,
    weight_density: float,
) -> Workload:
    """Return the ops that the simulator runs for a model dictionary.

    Raises `InputError` where that is none.
    """
    layers = read_layers(model)
    first = layers[0].hidden
    chains = [chain([Op("embedding", "embedding", (), seq_len, first, vocab)])]
    repeats = [1]
    for (heads, hidden, widths), run in itertools.groupby(layers):
        ops: list[Op] = []
        for number, (head, count) in enumerate(Counter(heads).items()):
            ops += _head_ops(head, count, seq_len, hidden, f"_{number}")
        ops.append(layer_norm("norm_attention", seq_len, hidden))
        for taken, given in itertools.pairwise([hidden, *widths, hidden]):
            ops.append(linear(f"ffn_{len(ops)}", seq_len, taken, given))
            ops.append(activation(f"activation_{len(ops)}", seq_len, taken))
        ops.append(layer_norm("norm_ffn", seq_len, hidden))
        chains.append(chain(ops))
        repeats.append(len(list(run)))
    return Workload(
        name="acceltran-simulator",
        blocks=tuple(
            Block(ops=set_density(ops, activation_density, weight_density), repeats=n)
            for ops, n in zip(chains, repeats, strict=True)
        ),
        batch=batch,
        seq_len=seq_len,
    )


def _head_ops(head: str, count: int, tokens: int, hidden: int, label: str) -> list[Op]:
    kind, parameter, size = head.split("_")
    width = int(size)
    if kind == "c":
        taps = int(parameter)
        return [
            Op(f"convolution{label}", "convolution", (0,), tokens, hidden, taps, count)
        ]
    if kind == "l":
        # [N, N] x [N, hidden], written transposed so that the transform is the weight.
        return [Op(f"transform{label}", "linear", (0,), hidden, tokens, tokens, count)]
    project = [
        Op(f"{name}{label}", "linear", (0,), tokens, width, hidden, count)
        for name in ("query", "key", "value")
    ]
    weighted = [Op(f"weighted_key{label}", "linear", (1,), tokens, width, width, count)]
    return [
        *project,
        *(weighted if parameter == "wma" else []),
        Op(f"scores{label}", "matmul", (1,), tokens, tokens, width, count),
        Op(f"softmax{label}", "softmax", (1,), tokens, tokens, 0, count),
        Op(f"context{label}", "matmul", (1,), tokens, width, tokens, count),
        Op(f"output{label}", "linear", (1,), tokens, hidden, width, count),
    ]
