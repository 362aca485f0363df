"""Transfers that run beside the op they serve, solved by hand; times are cycles."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import pytest

from dse.schedule.stage import Chain, Stage
from dse.schedule.walk import roofline, walk


def stage(*, load: Any = 0.0, streamed: Any = 0.0, compute: Any) -> Stage:
    def column(time: Any) -> Any:
        return jnp.asarray([time])

    return Stage(
        unit="lanes",
        load=column(load),
        streamed=column(streamed),
        compute=column(compute),
        occupied=column(compute),
        store=column(0.0),
        prefetch=column(1.0),
        dynamic={},
        busy={},
        moved={},
    )


def chain(*stages: Stage, repeats: int = 1) -> Chain:
    return Chain(
        stages=stages,
        places=tuple((place,) for place in range(len(stages))),
        names=tuple(map(str, range(len(stages)))),
        depends=(0, *[1] * (len(stages) - 1)),
        repeats=repeats,
    )


def test_a_stream_shorter_than_its_op_takes_no_time_of_its_own() -> None:
    assert walk([chain(stage(streamed=7.0, compute=10.0))]) == 10


def test_an_op_ends_no_earlier_than_its_stream() -> None:
    assert walk([chain(stage(streamed=12.0, compute=10.0))]) == 12


def test_a_stream_waits_for_the_input_of_its_op() -> None:
    """Unlike weights, which come early: B streams from 10 to 15.

    stream  ..........BBBBB
    lanes   AAAAAAAAAABBB
    """
    assert walk([chain(stage(compute=10.0), stage(streamed=5.0, compute=3.0))]) == 15


def test_weights_and_streams_queue_on_one_port() -> None:
    """A streams until 10; the weights of B follow until 14, then B works until 17.

    port   AAAAAAAAAABBBB
    lanes  AAAA..........BBB
    """
    after = stage(load=4.0, compute=3.0)
    assert walk([chain(stage(streamed=10.0, compute=4.0), after)]) == 17


def test_the_port_is_busy_with_both_and_bounds_the_run_from_below() -> None:
    chains = [chain(stage(load=2.0, streamed=9.0, compute=4.0), repeats=5)]
    assert roofline(chains) == 5 * 11
    assert walk(chains) >= roofline(chains)


@pytest.mark.parametrize(("streamed", "slope"), [(7.0, 0.0), (12.0, 1.0)])
def test_the_gradient_is_that_of_the_longer_of_the_two(
    streamed: float, slope: float
) -> None:
    def cycles(time: Any) -> Any:
        return walk([chain(stage(streamed=time, compute=10.0))])

    assert jax.grad(cycles)(streamed) == slope
