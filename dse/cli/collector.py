"""The garbage collector of a process that answers one question and ends."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 1_000_000  # objects that come before the young ones are looked through


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Look for garbage seldom, and no more at the end.

    Imports and a trace make a million objects that stay: looking through them took an
    eighth of a first answer, and looking through all of them as Python ends a fifth.
    """
    _, *older = gc.get_threshold()
    gc.set_threshold(SELDOM, *older)
    try:
        yield
    finally:
        gc.freeze()
