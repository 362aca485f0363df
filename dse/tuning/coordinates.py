"""Coordinates: the axes of spaces as numbers that a gradient or a step can move.

A point of the search is a row of numbers, one for each axis: on a grid the position
0, 1, ... of a value (in rising order) or of a label, on a continuous axis a share 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import jax.numpy as jnp
import numpy as np

from dse.arrays import Rows, Values
from dse.errors import InputError
from dse.explore.axes import Continuous
from dse.explore.space import Space

Kind = Literal["steps", "continuous", "labels"]


@dataclass(frozen=True)
class Coordinate:
    """One axis: its values in rising order, or the two ends of a continuous one.

    Numbers lie between first and last on a scale of shares 0..1: logarithmic where all
    are above 0 (`value = first (last / first)^share`), else linear.
    """

    name: str
    kind: Kind
    values: tuple[float, ...]

    @property
    def is_log(self) -> bool:
        """Whether shares are shares of the ratio of the ends."""
        return self.values[0] > 0

    @property
    def moves(self) -> bool:
        """Whether there is more than one value."""
        return len(self.values) > 1

    @cached_property
    def shares(self) -> Rows:
        """The share 0..1 of each value; positions where they are labels."""
        values = np.asarray(self.values)
        if self.kind == "labels" or not self.moves:
            return np.arange(len(values), dtype=float)
        scale = np.log(values) if self.is_log else values
        return np.asarray((scale - scale[0]) / (scale[-1] - scale[0]))

    def value(self, share: Values) -> Values:
        """Return the number at a share, or at many; differentiable."""
        low, high = self.values[0], self.values[-1]
        if self.is_log:
            return low * jnp.exp(share * float(np.log(high / low)))
        return low + share * (high - low)

    def place(self, value: float) -> float:
        """Return the share of a number, or of the nearest end; a label's position."""
        low, high = self.values[0], self.values[-1]
        if self.kind == "labels":
            return float(self.values.index(value)) if value in self.values else 0.0
        if not self.moves:
            return 0.0
        inside = min(max(value, low), high)
        if self.is_log:
            return float(np.log(inside / low) / np.log(high / low))
        return (inside - low) / (high - low)

    def nearest(self, shares: Rows) -> Rows:
        """Return the entry of a point at or nearest to some shares."""
        if self.kind == "continuous":
            inside: Rows = np.clip(shares, 0.0, 1.0)
            return inside
        distance = np.abs(np.asarray(shares)[..., None] - self.shares)
        return np.asarray(np.argmin(distance, axis=-1), float)

    def column(self, entries: Rows) -> Rows:
        """Return the numbers that the entries of points stand for, in float64."""
        if self.kind != "continuous":
            return np.asarray(np.asarray(self.values)[entries.astype(int)])
        low, high = self.values
        inside = (
            low * (high / low) ** entries
            if self.is_log
            else low + entries * (high - low)
        )
        return np.clip(inside, low, high)


class Coordinates:
    """All axes of one space, or of several behind the names of their places."""

    def __init__(self, spaces: Mapping[str, Space]) -> None:
        self.spaces = dict(spaces)
        self.all = tuple(
            coordinate
            for prefix, space in spaces.items()
            for coordinate in _coordinates(prefix, space)
        )
        if not any(coordinate.moves for coordinate in self.all):
            raise InputError("nothing can move: give the space an axis of two values.")

    def __len__(self) -> int:
        return len(self.all)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Places of the axes of numbers that can move."""
        return tuple(
            i for i, c in enumerate(self.all) if c.kind != "labels" and c.moves
        )

    @property
    def labels(self) -> tuple[int, ...]:
        """Places of the axes of labels."""
        return tuple(i for i, c in enumerate(self.all) if c.kind == "labels")

    @property
    def continuous(self) -> tuple[int, ...]:
        """Places of the continuous axes."""
        return tuple(i for i, c in enumerate(self.all) if c.kind == "continuous")

    def table(self, points: Rows) -> dict[str, Rows]:
        """Return the axis values of points `[n, axes]`, a column `[n]` each."""
        return {c.name: c.column(points[:, i]) for i, c in enumerate(self.all)}

    def relaxed_table(self, shares: Rows) -> dict[str, Rows]:
        """Return the same of shares `[n, axes]`, not rounded to any grid."""
        return {
            c.name: c.column(shares[:, i])
            if c.kind != "steps" or not c.moves
            else Coordinate(c.name, "continuous", (c.values[0], c.values[-1])).column(
                shares[:, i]
            )
            for i, c in enumerate(self.all)
        }

    def shares(self, points: Rows) -> Rows:
        """Return the shares at which points stand, `[n, axes]`."""
        columns = [
            points[:, i]
            if c.kind != "steps"
            else np.asarray(c.shares)[points[:, i].astype(int)]
            for i, c in enumerate(self.all)
        ]
        return np.stack(columns, axis=1)

    def shown(self, points: Rows) -> dict[str, Rows]:
        """Return axis values and tied fields as a person reads them, labels by name."""
        table, shown = self.table(points), {}
        for prefix, space in self.spaces.items():
            meanings = space.design.meanings()
            for name, values in space.complete(self.own(prefix, table)).items():
                labels = meanings[name].choices if name in meanings else ()
                column = np.broadcast_to(np.asarray(values, float), len(points))
                shown[prefix + name] = (
                    np.asarray(labels)[column.astype(int)] if labels else column
                )
        return shown

    def index(self, points: Rows) -> Rows:
        """Return the index in the one space of each point of a grid, `[n]`."""
        (space,) = self.spaces.values()
        digits = [
            np.argsort(space.values(c.name))[points[:, i].astype(int)]
            for i, c in enumerate(self.all)
        ]
        return np.asarray(np.ravel_multi_index(tuple(digits), space.shape))

    def own(self, prefix: str, moved: Mapping[str, Values]) -> dict[str, Values]:
        """Return the axis values of one of the spaces, by its own names."""
        return {
            n.removeprefix(prefix): v for n, v in moved.items() if n.startswith(prefix)
        }

    def illegal(self, points: Rows) -> Rows:
        """Return the rule that each point breaks, '' where none, `[n]`."""
        table = self.table(points)
        reason = np.full(len(points), "", object)
        for prefix, space in self.spaces.items():
            full = space.complete(self.own(prefix, table))
            for why, broken in space.illegal(full).items():
                hit = (reason == "") & np.asarray(broken)
                reason = np.where(hit, f"{prefix}{why}", reason)
        return reason


def _coordinates(prefix: str, space: Space) -> list[Coordinate]:
    found = []
    for name in space.names:
        values = np.sort(space.values(name))
        labels = any(isinstance(value, str) for value in space.axes[name].values)
        kind: Kind = "labels" if labels else "steps"
        found.append(Coordinate(prefix + name, kind, tuple(map(float, values))))
    for name, axis in space.continuous.items():
        found.append(_between(prefix + name, axis))
    return found


def _between(name: str, axis: Continuous) -> Coordinate:
    return Coordinate(name, "continuous", (axis.low, axis.high))
