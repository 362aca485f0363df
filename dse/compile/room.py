"""Room for answers, handed out again once nobody reads the last ones.

Fresh memory costs as much as the arithmetic of a gradient: the system clears each page
before it is written over. A caller that asks for one table after another and lets go of
what it has read gets the same pages again.
"""

from __future__ import annotations

import weakref

import numpy as np
from numpy.typing import DTypeLike

LINE = 64  # bytes of a cache line
MOST_KEPT = 2**28  # bytes that wait for the next caller


class Room:
    """Columns of answers of one kind of float, each beginning a cache line."""

    def __init__(self, kind: DTypeLike) -> None:
        self._kind = np.dtype(kind)
        self._idle: list[np.ndarray] = []

    def columns(self, count: int, rows: int) -> np.ndarray:
        """Return room `[count, rows or a little more]`, with anything in it.

        One line more than needed lies between two columns where that makes their number
        odd: lines that many columns begin with would else compete for one place in
        caches.
        """
        line = LINE // self._kind.itemsize
        length = (-(-rows // line) | 1) * line
        block = self._block(count * length + line)
        numbers = np.frombuffer(block.data, self._kind)
        # What is read from it keeps `numbers` alive, not the block.
        weakref.finalize(numbers, self._give_back, block).atexit = False
        start = -numbers.ctypes.data % LINE // self._kind.itemsize
        return numbers[start : start + count * length].reshape(count, length)

    def _block(self, size: int) -> np.ndarray:
        try:
            block = self._idle.pop()
        except IndexError:
            return np.empty(size, self._kind)
        return block if len(block) == size else np.empty(size, self._kind)

    def _give_back(self, block: np.ndarray) -> None:
        if block.nbytes <= MOST_KEPT and not self._idle:
            self._idle.append(block)
