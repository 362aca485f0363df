"""Numbers in round marks; of marks that lie on one another, all beside one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from dse.show.label_places import Box, meet, within

Point = tuple[float, float]  # pixels, right and down

MARK = 19.0  # pixels across
_TOUCH = 0.85 * MARK  # nearer marks hide each other's numbers
_CHARACTER, _LINE = 8.0, 18.0
_ABREAST = 4  # numbers in a line
_SIDES = {  # in words of Plotly, and the direction right and down
    "top center": (0, -1),
    "bottom center": (0, 1),
    "middle right": (1, 0),
    "middle left": (-1, 0),
}


class Label(NamedTuple):
    """What stands in or beside a mark, and where: a `textposition` of Plotly."""

    text: str
    side: str


_NONE, _WITHIN = Label("", "middle center"), "middle center"


def number_marks(marks: Sequence[Point], size: Point) -> list[Label]:
    """Return the labels of marks, numbered from 1, so that none covers another.

    Marks lie in a plot of some width and height, from its left and its top; labels do,
    too.

    A mark alone has its number within it. Marks that touch share one label, beside the
    outermost of them; labels that find no room so become one.
    """
    groups = [[i] for i in range(len(marks))]
    while True:
        both = _touching(groups, marks) or _crowding(groups, marks, size)
        if both is None:
            break
        one, other = both
        groups[one] = sorted(groups[one] + groups.pop(other))
    labels = [_NONE] * len(marks)
    for group, (_, side, at) in zip(groups, _placed(groups, marks, size), strict=True):
        labels[at] = Label(_text(group), side)
    return labels


def _touching(
    groups: list[list[int]], marks: Sequence[Point]
) -> tuple[int, int] | None:
    """Return two groups of which a mark lies on a mark of the other, in order."""
    for (i, one), (j, other) in combinations(enumerate(groups), 2):
        if any(math.dist(marks[a], marks[b]) < _TOUCH for a in one for b in other):
            return i, j
    return None


def _crowding(
    groups: list[list[int]], marks: Sequence[Point], size: Point
) -> tuple[int, int] | None:
    """Return two groups of which a label lies on a mark or the label of the other."""
    boxes = [box for box, _, _ in _placed(groups, marks, size)]
    for (i, one), (j, other) in combinations(enumerate(groups), 2):
        covered = [*(_around(marks[b]) for b in other), boxes[j]]
        covers = [*(_around(marks[a]) for a in one), boxes[i]]
        if any(meet(boxes[i], box) for box in covered):
            return i, j
        if any(meet(boxes[j], box) for box in covers):
            return i, j
    return None


def _placed(
    groups: list[list[int]], marks: Sequence[Point], size: Point
) -> list[tuple[Box, str, int]]:
    """Return for each group where its label lies, on which side, and of which mark.

    It lies on the first side that is inside, and where nothing is.
    """
    found: list[tuple[Box, str, int]] = []
    for group in groups:
        if len(group) == 1:
            found.append((_around(marks[group[0]]), _WITHIN, group[0]))
            continue
        others = [_around(at) for i, at in enumerate(marks) if i not in group]
        taken = [*others, *(box for box, _, _ in found)]
        sides = [_beside(group, marks, side) for side in _SIDES]
        options = [side for side in sides if within(side[0], size)] or sides
        free = [o for o in options if not any(meet(o[0], box) for box in taken)]
        found.append((free or options)[0])
    return found


def _beside(
    group: list[int], marks: Sequence[Point], side: str
) -> tuple[Box, str, int]:
    right, down = _SIDES[side]
    at = max(reversed(group), key=lambda i: right * marks[i][0] + down * marks[i][1])
    (x, y), lines = marks[at], _text(group).split("<br>")
    wide, high = _CHARACTER * max(map(len, lines)), _LINE * len(lines)
    x += right * (MARK + wide) / 2
    y += down * (MARK + high) / 2
    return (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2), side, at


def _text(group: list[int]) -> str:
    numbers = [str(i + 1) for i in group]
    lines = [numbers[i : i + _ABREAST] for i in range(0, len(numbers), _ABREAST)]
    return "<br>".join(" ".join(line) for line in lines)


def _around(mark: Point) -> Box:
    x, y = mark
    return x - MARK / 2, y - MARK / 2, x + MARK / 2, y + MARK / 2
