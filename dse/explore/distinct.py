"""Which points of a grid differ: numbers that are equal are worked with once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_TABLE = 8  # numbers are counted by a table of at most so many places a point


def distinct(sheets: Sequence[Array], dimensions: int) -> tuple[Array, Array]:
    """Tell the points of a grid apart by the values of arrays there, bit by bit.

    The arrays have dimensions of their own before those of the grid, of which there are
    `dimensions`. Returns for each point which kind it is, in the shape of the grid, and
    for each kind one point that is of it, counted in that shape.
    """
    kinds, count = np.zeros((1,) * dimensions, np.int64), 1
    by_shape: dict[tuple[int, ...], list[Array]] = {}
    for sheet in sheets:
        by_shape.setdefault(sheet.shape[sheet.ndim - dimensions :], []).append(sheet)
    for shape in sorted(by_shape, key=math.prod):
        own, number = _kinds(by_shape[shape], shape)
        kinds, count = _renumbered(kinds * number + own, count * number)
    one_of = np.empty(count, np.int64)
    one_of[kinds.ravel()] = np.arange(kinds.size)
    return kinds, one_of


def _kinds(sheets: Sequence[Array], shape: tuple[int, ...]) -> tuple[Array, int]:
    """Number the points of arrays that all have the same grid."""
    size = math.prod(shape)
    if size == 1:
        return np.zeros(shape, np.int64), 1
    flat = [_as_words(sheet).reshape(-1, size) for sheet in sheets]
    words = np.ascontiguousarray(np.concatenate(flat).T)
    points = words.view(np.dtype((np.void, words.strides[0]))).ravel().tolist()
    seen: dict[Any, int] = {}
    numbers = [seen.setdefault(point, len(seen)) for point in points]
    return np.asarray(numbers, np.int64).reshape(shape), len(seen)


def _as_words(sheet: Array) -> Array:
    """Return values as words of 64 bits, different ones for different values."""
    kind = np.float64 if sheet.dtype.kind == "f" else np.int64
    return sheet.astype(kind, copy=False).view(np.uint64)


def _renumbered(kinds: Array, bound: int) -> tuple[Array, int]:
    """Give kinds below a bound the numbers 0, 1, 2, ... in their order."""
    if bound > _TABLE * kinds.size:
        found, numbers = np.unique(kinds, return_inverse=True)
        return numbers.reshape(kinds.shape), len(found)
    seen = np.zeros(bound, np.int64)
    seen[kinds.ravel()] = 1
    number = np.cumsum(seen) - 1
    return number[kinds], int(number[-1]) + 1
