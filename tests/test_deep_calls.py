"""Calls that go deep: their frames stand on one piece of the stack."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from dse.deep_calls import in_one_piece

TURNS = 500


def far_down(frames: int, call: Callable[[], int]) -> int:
    """Call from so many frames below."""
    return call() if frames == 0 else far_down(frames - 1, call)


def fresh_pages() -> int:
    """Return how often a loop of calls is given memory that it did not have."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(TURNS):
        far_down(3, int)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_a_loop_of_calls_takes_no_new_memory_wherever_it_stands() -> None:
    whole = in_one_piece(fresh_pages)
    assert max(far_down(frames, whole) for frames in range(400)) < TURNS / 2


def test_arguments_answers_and_errors_pass_through() -> None:
    assert in_one_piece(divmod)(7, 2) == (3, 1)
    assert in_one_piece(int)("11", base=2) == 3
    with pytest.raises(ZeroDivisionError):
        in_one_piece(divmod)(1, 0)
    assert in_one_piece(far_down).__doc__ == far_down.__doc__
