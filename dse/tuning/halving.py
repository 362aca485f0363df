"""Along which axis a box is halved: the one that closes most, which is tried.

It decides nearly everything. Both halves along every axis are bounded, and that axis is
taken whose halves are closest to closed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dse.arrays import Array
from dse.tuning.enclosure import Boxes, Told, together
from dse.tuning.exact import LEGAL

BATCH = 64  # boxes that are halved at once
FAST_BATCH = 4096  # the same by machine code
MANY = 1_000_000  # open boxes; beyond them small ones go first, which closes some
FARTHER = 1 / 6  # how much the half counts that is closer to closed
LIMIT = 0.5  # how much a limit counts that is closer to broken
EVEN = 1e-6  # how much a halving counts that is left on an axis


def next_boxes(boxes: Boxes, urgency: Array, *, fast: bool) -> Array:
    """Say which of the open boxes are halved next, [boxes]: those of the least number.

    The smallest if there are many. `fast` is whether machine code bounds them.
    """
    keys = boxes.sizes if len(boxes) > MANY else urgency
    count = min(FAST_BATCH if fast else BATCH, len(keys))
    chosen = np.zeros(len(keys), bool)
    chosen[np.argpartition(keys, count - 1)[:count]] = True
    return chosen


def halve(
    ask: Callable[[Boxes], Told],
    boxes: Boxes,
    closed: Callable[[Told, Told, Array], Array],
) -> tuple[Boxes, Told]:
    """Return both halves of each box along its best axis, and what is known of them.

    All first halves come before all second ones. `closed` takes what is known of boxes
    and of their halves, and which boxes they are, and says how much closer halves are
    to closed: 1 is wholly.
    """
    wide = boxes.last > boxes.first  # [boxes, axes]
    box, axis = np.nonzero(wide)
    halves = boxes.take(box).halves(axis)
    told = ask(together([halves, boxes]))
    after = told.take(slice(0, len(halves)))
    before, whose = told.take(np.tile(len(halves) + box, 2)), np.tile(box, 2)
    shares = np.where(after.allowed, closed(before, after, whose), 1.0).reshape(2, -1)
    worth, number = np.full(wide.shape, -1.0), np.zeros(wide.shape, int)
    worth[box, axis] = shares.min(axis=0) + FARTHER * shares.max(axis=0)
    worth += EVEN * np.log2(boxes.last - boxes.first + 1.0)
    number[box, axis] = np.arange(len(box))
    taken = number[np.arange(len(boxes)), worth.argmax(axis=1)]
    both = np.concatenate([taken, taken + len(box)])
    return halves.take(both), after.take(both)


def nearer(before: Array, after: Array, end: float) -> Array:
    """Return what share of the way to an end bounds have come, 0 to 1."""
    with np.errstate(all="ignore"):
        share = (np.minimum(after, end) - before) / (end - before)
    return np.asarray(np.clip(np.nan_to_num(share, nan=0.0), 0.0, 1.0))


def nearer_a_limit(before: Told, after: Told) -> Array:
    """Return how much closer halves are to breaking a limit than their boxes."""
    if not len(before.excess):
        return np.zeros(len(after.allowed))
    return np.asarray(LIMIT * nearer(before.excess, after.excess, LEGAL).max(axis=0))
