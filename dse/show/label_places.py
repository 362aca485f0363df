"""Where to write the names of marked points so that none covers another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dse.arrays import Rows


Box = tuple[float, float, float, float]  # left, top, right and bottom, in pixels

_CHARACTER, _LINE = 7.2, 18.0  # pixels, at the size of our labels
_DIRECTIONS = [i * math.pi / 6 for i in range(12)]
_REACHES = (24.0, 40.0, 60.0)


def label_places(
    marked: Rows, texts: Sequence[str], others: Rows, size: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return how far from its point each text goes, in pixels, right and down.

    `marked` `[texts, 2]` and `others` `[points, 2]` are positions in pixels, right and
    down, within a plot of the given width and height. Texts are placed one by one where
    they cover fewest texts, marked points and other points, and near.
    """
    taken: list[Box] = []
    places = []
    for point, text in zip(marked, texts, strict=True):
        width = _CHARACTER * len(text)
        options = []
        for reach in _REACHES:
            for angle in _DIRECTIONS:
                right = math.cos(angle) * (reach + width / 2)
                down = math.sin(angle) * reach
                box = _box(point[0] + right, point[1] + down, width)
                cost = _cost(box, taken, marked, others, size) + 0.2 * reach
                options.append((cost, right, down, box))
        _, right, down, box = min(options)
        taken.append(box)
        places.append((right, down))
    return places


def _box(x: float, y: float, width: float) -> Box:
    return x - width / 2, y - _LINE / 2, x + width / 2, y + _LINE / 2


def meet(one: Box, other: Box) -> bool:
    """Say whether two boxes share some room."""
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def within(box: Box, size: tuple[float, float]) -> bool:
    """Say whether a box lies in a plot of some width and height."""
    left, top, right, bottom = box
    return left >= 0.0 and top >= 0.0 and right <= size[0] and bottom <= size[1]


def _cost(
    box: Box, taken: list[Box], marked: Rows, others: Rows, size: tuple[float, float]
) -> float:
    outside = not within(box, size)
    overlaps = sum(meet(box, other) for other in taken)
    covered = _inside(box, marked, 8.0)
    share = _inside(box, others, 0.0) / max(len(others), 1)
    return 1000.0 * outside + 500.0 * overlaps + 200.0 * covered + 100.0 * share


def _inside(box: Box, points: Rows, room: float) -> int:
    if len(points) == 0:
        return 0
    x, y = points[:, 0], points[:, 1]
    left, top, right, bottom = box
    within = (
        (x > left - room) & (x < right + room) & (y > top - room) & (y < bottom + room)
    )
    return int(within.sum())
