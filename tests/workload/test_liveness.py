"""Which results of small chains live together, as one would draw it on paper."""

from __future__ import annotations

import dse
from dse.workload.layers import activation, chain, linear
from dse.workload.liveness import BEFORE, ENCODED, live_values

UP = linear("up", 4, 8, 16, reads=(0,))
GELU = activation("gelu", 4, 16)


def test_a_non_linearity_that_alone_reads_a_result_takes_it_as_it_leaves() -> None:
    alone = live_values(chain([UP, GELU, linear("down", 4, 16, 8)]))
    assert [moment.ops for moment in alone.moments] == [(0, 1), (2,)]
    assert [value.maker for value in alone.values] == [-1, 1]


def test_a_result_that_another_op_reads_too_is_kept() -> None:
    gated = linear("down", 4, 16, 8, reads=(1, 2))  # up again, as a residual
    shared = live_values(chain([UP, GELU, gated]))
    assert [moment.ops for moment in shared.moments] == [(0,), (1,), (2,)]
    kept = {value.maker: value.uses for value in shared.values}
    assert kept == {-1: (0,), 0: (1, 2), 1: (2,)}


# The next layer reads it too; the encoder's own layers, and what embeds, read none.
def test_what_an_encoder_made_lives_through_every_layer_of_a_decoder() -> None:
    model = dse.transformer("t5-small", seq_len=16)
    found = [live_values(block.ops) for block in model.blocks]
    with_it = [ENCODED in {value.maker for value in each.values} for each in found]
    assert with_it == [False] * 5 + [True] * 2 + [False]
    for layer in found[5:7]:
        assert all(ENCODED in moment.alive for moment in layer.moments)
    for layer in found[1:3]:  # what a layer is given lives until its sum is made
        assert [BEFORE in moment.alive for moment in layer.moments][:6] == [
            True
        ] * 5 + [False]
