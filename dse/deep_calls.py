"""Python's stack in one piece, for calls that go deep and return often.

CPython keeps frames in pieces of 16 KiB. A call beyond the end of one takes a piece
from the system, and its return gives it back: a loop that stands near an end does so at
each turn. By that alone a trace takes up to 1.7 times as long, from some callers and
not from others. A frame that asks for more gets a larger piece, and what it calls goes
on in the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")
_SLOTS = 70_000  # of 8 bytes: more than half a MiB, so the piece is of one


def _call(function: Callable[[], _R]) -> _R:
    return function()


_call.__code__ = _call.__code__.replace(co_stacksize=_SLOTS)


def in_one_piece(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Return a function whose calls, however deep, find room on one piece."""

    @wraps(function)
    def whole(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        return _call(lambda: function(*args, **kwargs))

    return whole
