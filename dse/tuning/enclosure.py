"""Between which numbers costs and limits of a problem lie, over whole boxes of designs.

A box is a range of positions on every axis, ends included. What the bounds of its cost
and limits say holds for each of its designs: `dse.compile.bounds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from dse.arrays import Array, Pick
from dse.compile.errors import NotByRowsError
from dse.compile.function import compile_function
from dse.compile.rows import on_host
from dse.compile.tabled import Tables
from dse.errors import InputError
from dse.explore.space import meaning_of
from dse.tuning.columns import Column
from dse.tuning.coordinates import Coordinates
from dse.tuning.exact import LEGAL
from dse.tuning.problem import Problem

MANY = 100_000  # boxes beyond which machine code is compiled for more
_KINDS = ("costs", "excess", "rules")


class Boxes(NamedTuple):
    """Boxes of designs: the first and the last position on each axis, [boxes, axes]."""

    first: Array
    last: Array

    def __len__(self) -> int:
        return len(self.first)

    @property
    def sizes(self) -> Array:
        """Designs of each box, as floats."""
        return np.asarray(np.prod(self.last - self.first + 1.0, axis=1))

    def take(self, rows: Pick) -> Boxes:
        """Return some of the boxes."""
        return Boxes(self.first[rows], self.last[rows])

    def halves(self, axis: Array) -> Boxes:
        """Return both halves of each box along an axis of its own."""
        rows = np.arange(len(self))
        middle = (self.first[rows, axis] + self.last[rows, axis]) // 2
        last, first = self.last.copy(), self.first.copy()
        last[rows, axis], first[rows, axis] = middle, middle + 1
        return together([Boxes(self.first, last), Boxes(first, self.last)])

    def middles(self) -> Array:
        """Return the positions of the design in the middle of each, [boxes, axes]."""
        middles: Array = ((self.first + self.last) // 2).astype(float)
        return middles

    def points(self) -> Array:
        """Return the positions of all designs of all boxes, [designs, axes]."""
        widths = self.last - self.first + 1
        counts = widths.prod(axis=1)
        box = np.repeat(np.arange(len(self)), counts)
        number = np.arange(len(box)) - np.repeat(np.cumsum(counts) - counts, counts)
        found = np.empty((len(box), widths.shape[1]), float)
        for axis in range(widths.shape[1]):
            number, digit = np.divmod(number, widths[box, axis])
            found[:, axis] = self.first[box, axis] + digit
        return found


class Told(NamedTuple):
    """What is known of boxes: lower bounds, and whether any design may be allowed.

    Shapes: `costs` `[objectives, boxes]`, `excess`, by how much each constraint is
    broken, `[constraints, boxes]`, `allowed` `[boxes]`.
    """

    costs: Array
    excess: Array
    allowed: Array

    def take(self, rows: Pick) -> Told:
        """Return what is known of some of the boxes."""
        return Told(self.costs[:, rows], self.excess[:, rows], self.allowed[rows])


def together(parts: list[Boxes]) -> Boxes:
    """Return the boxes of several lists as one."""
    return Boxes(*map(np.concatenate, zip(*parts, strict=True)))


def _whole_space(axes: Coordinates) -> Boxes:
    for axis in axes.all:
        if axis.kind == "continuous":
            raise InputError(
                f"axis `{axis.name}` is continuous, and a proof counts designs; give "
                "it `interval(low, high, points)`."
            )
    last = np.asarray([[len(axis.values) - 1 for axis in axes.all]], np.int32)
    return Boxes(np.zeros_like(last), last)


class Enclosure:
    """Bounds of the costs of a problem and of all that may forbid a design, over boxes.

    `whole` is the box of all designs, `function` tells the costs of one, and by how
    much it breaks each constraint and rule. `plain` bounds are those of interval
    arithmetic alone, which other programs find again. Raises `InputError` for a space
    that is no grid, and for a model that holds what cannot be bounded. The `function`
    takes `columns`: each axis, and what hangs on it alone.
    """

    def __init__(self, problem: Problem, *, plain: bool = False) -> None:
        self.problem, self._axes = problem, problem.coordinates
        self.whole = _whole_space(self._axes)
        values = {axis.name: np.asarray(axis.values) for axis in self._axes.all}

        def read(moved: Mapping[str, Any]) -> dict[str, Any]:
            found = problem.answer(moved)
            return {
                "costs": [jnp.asarray(c) * 1.0 for c in problem.costs(found)],
                "excess": [jnp.asarray(e) * 1.0 for e in problem.excess(found)],
                "rules": _broken_rules(self._axes, moved),
            }

        traced = compile_function(read, list(values))
        self._asked = 0
        try:
            self.function, tables = traced.tabled(values)
            self.columns = _columns(values, tables)
            whole = self._ends(self.whole)
            self._bounds = self.function.within(whole, ways=not plain).only(_least)
        except NotByRowsError as error:
            raise InputError(f"nothing can be proven of this model: {error}") from None

    def __call__(self, boxes: Boxes) -> Told:
        """Return the lower bounds of costs and limits over boxes."""
        self._asked += len(boxes)
        columns = {
            f"{name}.{end}": values
            for name, both in self._ends(boxes).items()
            for end, values in zip(("low", "high"), both, strict=True)
        }
        backend = on_host() if self.is_fast else "numpy"
        rows = self._bounds.rows(columns, float, backend=backend)
        found: dict[str, list[Array]] = {kind: [] for kind in _KINDS}
        for name, low in rows.items():
            found[name.split("_")[0]].append(np.broadcast_to(low, len(boxes)))
        costs, excess, rules = (
            np.asarray(found[kind]).reshape(len(found[kind]), len(boxes))
            for kind in _KINDS
        )
        allowed = (excess <= LEGAL).all(axis=0) & (rules <= 0.0).all(axis=0)
        return Told(costs, excess, np.asarray(allowed))

    @property
    def designs(self) -> int:
        """Designs of the space."""
        return int(np.prod(self.whole.last + 1, dtype=object))

    @property
    def is_fast(self) -> bool:
        """Whether so many boxes were bounded that machine code pays."""
        return self._asked > MANY

    def _ends(self, boxes: Boxes) -> dict[str, tuple[Array, Array]]:
        """Return the two ends of each axis of boxes, and of what hangs on it alone."""
        first, last = boxes.first.T, boxes.last.T
        return {
            name: column.within(first[column.axis], last[column.axis])
            for name, column in self.columns.items()
        }


def _columns(values: Mapping[str, Array], tables: Tables) -> dict[str, Column]:
    """Return axes, and what hangs on each alone, by name."""
    place = {name: number for number, name in enumerate(values)}
    axes = {name: Column(place[name], v, v) for name, v in values.items()}
    return axes | {
        name: Column(place[axis], found.low, found.high)
        for name, (axis, found) in tables.items()
    }


def _least(bounds: dict[str, Any]) -> dict[str, Any]:
    """Return the lower bounds by name, in order."""
    return {
        f"{kind}_{i:03}": bound.low
        for kind in _KINDS
        for i, bound in enumerate(bounds[kind])
    }


def _broken_rules(axes: Coordinates, moved: Mapping[str, Any]) -> list[Any]:
    """Return numbers above 0 where a rule, or the range of a tied field, is broken."""
    broken = []
    for prefix, space in axes.spaces.items():
        full = space.complete(axes.own(prefix, moved))
        for held in space.rules(full).values():
            broken.append(1.0 - jnp.asarray(held))
        for name in space.tied:
            meaning = meaning_of(space.design, name)
            if not meaning.choices:
                value = full[name]
                outside = jnp.maximum(meaning.low - value, value - meaning.high)
                broken.append(outside)
    return broken
