"""Which results of small chains live together, as one would draw it on paper."""

from __future__ import annotations

from dse.workload.layers import activation, chain, linear
from dse.workload.liveness import live_values

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
