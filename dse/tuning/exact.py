"""The exact model of a problem: points evaluated once each, in float64, and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dse.arrays import Pick, Rows
from dse.compile.function import compile_function
from dse.compile.rows import Columns
from dse.tuning.problem import Problem

LEGAL = 1e-12  # relative excess that float64 leaves of a limit met with equality


@dataclass(frozen=True)
class Found:
    """What the exact model says of points: shapes `[points, ...]`.

    `excess` is by how much each constraint is broken, in its own size; `illegal` the
    rule of the space that is broken, or ''.
    """

    points: Rows
    costs: Rows  # [points, objectives]
    excess: Rows  # [points, constraints]
    illegal: Rows

    @property
    def violation(self) -> Rows:
        """Sum of what breaks constraints; infinite where nothing could be built."""
        broken = np.maximum(self.excess - LEGAL, 0.0).sum(axis=1)
        wrong = (self.illegal != "") | ~np.isfinite(self.costs).all(axis=1)
        return np.where(wrong | ~np.isfinite(broken), np.inf, broken)

    def order(self) -> Rows:
        """Return rows from best to worst by the first cost, feasible ones first."""
        return np.lexsort((self.costs[:, 0], self.violation))

    def take(self, rows: Pick) -> Found:
        """Return some of the rows."""
        return Found(
            self.points[rows], self.costs[rows], self.excess[rows], self.illegal[rows]
        )


class Exact:
    """Evaluates points of a problem; no point is evaluated twice.

    `evaluations` counts what the model was asked, points that repeat only once.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.example = {c.name: c.values[0] for c in problem.coordinates.all}
        self._function = compile_function(problem.answer, list(self.example))
        self.forget()

    def forget(self) -> None:
        """Begin anew: forget all points, and count from 0."""
        self._known: dict[bytes, int] = {}
        self._rows: list[Any] = []
        self.evaluations = 0

    def __call__(self, points: Rows) -> Found:
        """Return what the model says of points `[points, axes]`, in their order."""
        points = np.ascontiguousarray(points, float)
        keys = [row.tobytes() for row in points]
        fresh = {k: i for i, k in enumerate(keys) if k not in self._known}
        if fresh:
            self._add(list(fresh), points[list(fresh.values())])
        rows = [self._rows[self._known[key]] for key in keys]
        costs, excess, illegal = zip(*rows, strict=True) if rows else ((), (), ())
        return Found(
            points,
            np.asarray(costs, float).reshape(len(points), -1),
            np.asarray(excess, float).reshape(len(points), -1),
            np.asarray(illegal, object),
        )

    def knows(self, point: Rows) -> bool:
        """Return whether a point `[axes]` was evaluated before."""
        return point.tobytes() in self._known

    def answers(self, points: Rows) -> Columns:
        """Return metrics and own costs of points by name; these are not counted."""
        table = self.problem.coordinates.table(points)
        return self._function.rows(table, float, backend="numpy")

    def between_points(self, shares: Rows) -> Found:
        """Return what the model says of shares that lie beside the grid; counted."""
        table = self.problem.coordinates.relaxed_table(shares)
        self.evaluations += len(shares)
        return self._found(shares, self._function.rows(table, float, backend="numpy"))

    def _add(self, keys: list[bytes], points: Rows) -> None:
        found = self._found(points, self.answers(points))
        illegal = self.problem.coordinates.illegal(points)
        for row, key in enumerate(keys):
            self._known[key] = len(self._rows)
            self._rows.append((found.costs[row], found.excess[row], illegal[row]))
        self.evaluations += len(keys)

    def _found(self, points: Rows, answers: Columns) -> Found:
        broken = self.problem.excess(answers)
        return Found(
            points,
            np.stack(self.problem.costs(answers), axis=1),
            np.stack(broken, axis=1) if broken else np.zeros((len(points), 0)),
            np.full(len(points), "", object),
        )
