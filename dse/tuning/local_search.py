"""Local search on the exact model: no neighbour may be better where it ends."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from dse.arrays import Rows
from dse.tuning.coordinates import Coordinates
from dse.tuning.exact import Exact, Found

WIDEST, NARROWEST = 0.1, 1e-4  # shares by which a continuous axis is moved
JUMPERS = 8  # best points that are tried against pairs of moves too
REFINED = 4  # best points that go on, once the grid around all is settled
MOST_PAIRS = 4096  # neighbours by two moves; with more of them pairs are left out


@dataclass(frozen=True)
class _Move:
    """A change of one axis: by some amount, or to a label."""

    axis: int
    amount: float
    to_label: bool = False


def neighbours(
    axes: Coordinates, points: Rows, reach: float = WIDEST, steps: int = 1
) -> Rows:
    """Return all points one move away, points first: `[points * moves, axes]`.

    A move is a step up or down a grid, any other label, or `reach` along a continuous
    axis. Moves off an axis are left out, and points that come twice come once.
    """
    changed = [_apply(axes, points, (move,)) for move in _moves(axes, reach, steps)]
    return distinct(np.concatenate([points[:0], *changed]))


def pairs(axes: Coordinates, points: Rows, reach: float = WIDEST) -> Rows:
    """Return all points two moves of different axes away; none where too many."""
    moves = _moves(axes, reach)
    both = [(a, b) for a, b in itertools.combinations(moves, 2) if a.axis != b.axis]
    if len(both) * len(points) > MOST_PAIRS:
        both = []
    return distinct(
        np.concatenate([points[:0], *(_apply(axes, points, two) for two in both)])
    )


def random_jumps(
    axes: Coordinates,
    points: Rows,
    count: int,
    random: np.random.Generator,
    *,
    moves: int,
) -> Rows:
    """Return up to `count` points, each some random moves from one of the points."""
    every = _moves(axes, WIDEST)
    rows = random.integers(len(points), size=count)
    chosen = random.integers(len(every), size=(count, moves))
    found = [
        _apply(axes, points[row : row + 1], tuple(every[move] for move in jump))
        for row, jump in zip(rows, chosen, strict=True)
    ]
    return distinct(np.concatenate([points[:0], *found]))


def descend_grid(exact: Exact, axes: Coordinates, points: Rows) -> Found:
    """Move each point to its best neighbour until none is better; best ones first.

    Feasible points beat infeasible ones, and less of a violation beats more; then the
    first cost decides. The best points are tried against pairs of moves too.
    Shapes: `points` and the answer's `[points, axes]`.
    """
    reach = WIDEST
    found = exact(distinct(points))
    while True:
        better = _best_neighbours(exact, axes, found, reach)
        if better is not None:
            found = better
            continue
        found = found.take(found.order())
        jumped = _jump(exact, axes, found, reach)
        if jumped is not None:
            found = jumped
            continue
        if not axes.continuous:
            return found
        found = found.take(slice(0, REFINED))
        reach /= 3.0
        if reach < NARROWEST:
            return found


def _best_neighbours(
    exact: Exact, axes: Coordinates, found: Found, reach: float
) -> Found | None:
    """Return the points, each moved where that is better; None where none is."""
    near = [neighbours(axes, point[None], reach) for point in found.points]
    exact(np.concatenate(near))  # all in one batch; what follows is known by then
    moved, points = False, []
    for row, around in enumerate(near):
        here = found.take(slice(row, row + 1))
        better = _better(exact(_with(here, around)), here)
        moved |= better is not None
        points.append((here if better is None else better).points)
    return exact(distinct(np.concatenate(points))) if moved else None


def _jump(exact: Exact, axes: Coordinates, found: Found, reach: float) -> Found | None:
    """Return the points, the best of them two moves on where that is better."""
    for row in range(min(JUMPERS, len(found.points))):
        here = found.take(slice(row, row + 1))
        better = _better(exact(_with(here, pairs(axes, here.points, reach))), here)
        if better is not None:
            rest = np.delete(found.points, row, axis=0)
            return exact(distinct(np.concatenate([better.points, rest])))
    return None


def _with(here: Found, around: Rows) -> Rows:
    return np.concatenate([here.points, around])


def _better(found: Found, here: Found) -> Found | None:
    """Return the best of what was found if it beats `here`, its first row."""
    best = int(found.order()[0])
    own = float(here.violation[0]), float(here.costs[0, 0])
    if (float(found.violation[best]), float(found.costs[best, 0])) < own:
        return found.take(slice(best, best + 1))
    return None


def _moves(axes: Coordinates, reach: float, steps: int = 1) -> list[_Move]:
    moves = []
    for i, axis in enumerate(axes.all):
        if axis.kind == "labels":
            moves += [_Move(i, v, to_label=True) for v in range(len(axis.values))]
        elif axis.moves:
            sizes = [reach] if axis.kind == "continuous" else range(1, steps + 1)
            moves += [_Move(i, sign * size) for size in sizes for sign in (1.0, -1.0)]
    return moves


def _apply(axes: Coordinates, points: Rows, moves: tuple[_Move, ...]) -> Rows:
    """Return the points changed by moves, without those where one changes nothing."""
    moved = points.copy()
    changed = np.ones(len(points), bool)
    for move in moves:
        axis = axes.all[move.axis]
        last = 1.0 if axis.kind == "continuous" else len(axis.values) - 1.0
        old = points[:, move.axis]
        new = np.full_like(old, move.amount) if move.to_label else old + move.amount
        new = np.clip(new, 0.0, last)
        changed &= new != old
        moved[:, move.axis] = new
    return moved[changed]


def distinct(points: Rows) -> Rows:
    """Return points without those that came before."""
    _, first = np.unique(points, axis=0, return_index=True)
    return points[np.sort(first)]
