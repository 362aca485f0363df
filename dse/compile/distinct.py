"""Which points of a grid differ: numbers that are equal are worked with once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dse.arrays import Array

_TABLE = 64  # numbers are counted by a table of at most so many places a point


def distinct(
    sheets: Sequence[Array], numbered: Sequence[Array] = ()
) -> tuple[Array, Array]:
    """Tell the points of a grid apart by the values of arrays there, bit by bit.

    The arrays have the dimensions of the grid; `numbered` are whole numbers from 0 on.
    Returns for each point which kind it is, in the shape of the grid, and for each kind
    one point that is of it, counted in that shape.
    """
    by_shape: dict[tuple[int, ...], list[Array]] = {}
    for sheet in sheets:
        by_shape.setdefault(sheet.shape, []).append(sheet)
    every = [*numbered, *map(number_points, by_shape.values())]
    kinds, count = np.zeros((), np.int64), 1
    for numbers in sorted(every, key=lambda numbers: numbers.size):
        own, number = _renumbered(numbers, int(numbers.max()) + 1)
        kinds, count = _renumbered(kinds * number + own, count * number)
    one_of = np.empty(count, np.int64)
    one_of[kinds.ravel()] = np.arange(kinds.size)
    return kinds, one_of


def number_points(sheets: Sequence[Array]) -> Array:
    """Number the points of arrays of one shape, equal ones alike."""
    shape = sheets[0].shape
    words = np.ascontiguousarray(np.stack([_as_words(x).ravel() for x in sheets]).T)
    points = words.view(np.dtype((np.void, 8 * len(sheets)))).ravel().tolist()
    seen: dict[Any, int] = {}
    numbers = [seen.setdefault(point, len(seen)) for point in points]
    return np.asarray(numbers, np.int64).reshape(shape)


def _as_words(sheet: Array) -> Array:
    """Return values as words of 64 bits, different ones for different values."""
    kind = np.float64 if sheet.dtype.kind == "f" else np.int64
    return np.ascontiguousarray(sheet.astype(kind, copy=False)).view(np.uint64)


def _renumbered(kinds: Array, bound: int) -> tuple[Array, int]:
    """Give kinds below a bound the numbers 0, 1, 2, ... in their order."""
    if bound > _TABLE * kinds.size:
        found, numbers = np.unique(kinds, return_inverse=True)
        return numbers.reshape(kinds.shape), len(found)
    seen = np.zeros(bound, bool)
    seen[kinds.ravel()] = True
    found = np.flatnonzero(seen)
    number = np.empty(bound, np.int32)  # filled where it is read
    number[found] = np.arange(len(found))
    return number[kinds].astype(np.int64), len(found)
