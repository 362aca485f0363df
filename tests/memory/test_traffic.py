"""What crosses the main-memory port, given what the buffers hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import jax
import pytest
from hypothesis import given

from dse.memory.traffic import passes, prefetch_share, spilled, streamed_share

bits = st.floats(1.0, 1e9, width=32)


@pytest.mark.parametrize(
    ("total", "largest", "capacity", "share"),
    [
        (100, 40, 100, 0.0),  # all weights stay
        (100, 40, 120, 0.0),
        (100, 10, 60, 0.5),  # 10 for the op at work, 50 of the 100 stay
        (100, 40, 60, 0.7),  # the op at work gets half of the buffer at most: 30 stay
        (100, 90, 99, 0.505),
        (1000, 10, 0.1, 0.99995),
    ],
)
def test_a_buffer_keeps_what_it_can_beside_the_largest_op(
    total: float, largest: float, capacity: float, share: float
) -> None:
    found = streamed_share(total, largest, capacity)
    assert float(found) == pytest.approx(share, rel=1e-5)


@given(bits, bits, bits, bits)
def test_a_larger_buffer_never_fetches_more(
    total: float, largest: float, capacity: float, more: float
) -> None:
    largest = min(largest, total)
    small = float(streamed_share(total, largest, capacity))
    large = float(streamed_share(total, largest, capacity + more))
    assert 0.0 <= large <= small + 1e-6
    assert small <= 1.0


@pytest.mark.parametrize(
    ("live", "capacity", "over"), [(10, 4, 6), (4, 4, 0), (3, 4, 0)]
)
def test_only_what_a_buffer_cannot_hold_is_spilled(
    live: float, capacity: float, over: float
) -> None:
    assert spilled(live, capacity) == over


@pytest.mark.parametrize(
    ("size", "capacity", "times"), [(1, 4, 1.0), (4, 4, 1.0), (6, 4, 1.5), (8, 4, 2.0)]
)
def test_spilled_inputs_are_read_once_per_buffer_full_of_weights(
    size: float, capacity: float, times: float
) -> None:
    assert passes(size, capacity) == times


@pytest.mark.parametrize(
    ("wanted", "before", "capacity", "share"),
    [
        (4, 4, 8, 1.0),
        (4, 6, 8, 0.5),
        (4, 8, 8, 0.0),
        (4, 20, 8, 0.0),  # the op before fills the buffer more than once
        (2, 1, 8, 1.0),
        (0, 8, 8, 0.0),  # nothing to fetch
    ],
)
def test_weights_are_fetched_ahead_as_far_as_the_buffer_holds_both(
    wanted: float, before: float, capacity: float, share: float
) -> None:
    assert prefetch_share(wanted, before, capacity) == share


@pytest.mark.parametrize(
    ("answer", "given_", "wanted"),
    [
        (lambda c: streamed_share(100.0, 10.0, c), 60.0, -0.01),
        (lambda c: spilled(10.0, c), 4.0, -1.0),
        (lambda c: passes(8.0, c), 4.0, -0.5),
        (lambda c: prefetch_share(4.0, 6.0, c), 8.0, 0.25),
        (lambda c: prefetch_share(4.0, 2.0, c), 8.0, 0.0),
    ],
)
def test_a_gradient_by_capacity_says_what_more_buffer_buys(
    answer: Callable[[float], Any], given_: float, wanted: float
) -> None:
    assert float(jax.grad(answer)(given_)) == pytest.approx(wanted)
