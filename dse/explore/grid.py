"""A space cut into blocks, and what the model answers over a block at once.

A block is the grid of the fast axes at one corner of the slow ones. What depends on no
slow axis is worked out once for all blocks. A list of machines is one block.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dse.arrays import Array
from dse.compile.function import CompiledFunction
from dse.compile.stages import Stages
from dse.evaluation import combine
from dse.explore.basis import Basis
from dse.explore.model import metrics
from dse.explore.space import Space

Answer = Callable[[Mapping[str, Any]], Any]


def answer_for(space: Space, basis: Basis, read: Callable[[Any], Any]) -> Answer:
    """Return a function from axis values of ONE design to what `read` takes of it."""

    def answer(moved: Mapping[str, Any]) -> Any:
        full = space.complete(moved)
        parts = []
        for workload in basis.workloads:
            design, placed = space.place(full, workload)
            parts.append(metrics(design, placed, basis.technology, basis.timing))
        return read(combine(parts, basis.weights))

    return answer


class Grid:
    """The blocks of a space by number, and what a function answers over one of them.

    Numbers are scattered over the space: any run of them holds machines of all kinds.
    A block has a dimension for each axis, in the order of `names`: those that few
    operations read come first, so that what lacks them is repeated in long runs.
    A grid `in_order` is slower, but one block after another holds the designs in their
    order. The block of a list has one dimension.
    """

    def __init__(
        self,
        space: Space,
        function: CompiledFunction,
        block_size: int,
        *,
        in_order: bool = False,
    ) -> None:
        self._space = space
        self.names = space.names
        if not in_order:
            uses = function.uses()
            self.names = tuple(sorted(space.names, key=lambda name: uses[name]))
        self.slow: tuple[str, ...] = ()
        self.fast = self.names
        self.shape: tuple[int, ...] = (space.size,)
        if not space.rows:
            self.slow, self.fast = (
                _last_axes(space, block_size)
                if in_order
                else split_axes(space, self.names, block_size)
            )
            self.shape = tuple(
                len(space.axes[name]) if name in self.fast else 1 for name in self.names
            ) or (1,)  # one design, where nothing moves
        slow_shape = [len(space.axes[n]) for n in self.slow]
        self._order = np.arange(math.prod(slow_shape))
        if not in_order:
            self._order = np.random.default_rng(0).permutation(self._order)
        self._number = np.argsort(self._order)
        values = self._values()
        self._stages = Stages(function, values, self.slow)

    def _values(self) -> dict[str, Array]:
        """Return the values of each axis along its dimension of a block."""
        space = self._space
        if space.rows:
            return {name: space.values(name)[at] for name, at in space.rows.items()}
        along = np.meshgrid(*map(space.values, self.names), indexing="ij", sparse=True)
        return dict(zip(self.names, along, strict=True))

    def __len__(self) -> int:
        return len(self._order)

    @property
    def block_size(self) -> int:
        """Designs of one block."""
        return math.prod(self.shape)

    def answers(self, number: int) -> Any:
        """Return the answers over a block: arrays with a dimension for each axis.

        Its length is 1 where an answer does not depend on the axis, or the axis is a
        slow one. Safe to call from several threads.
        """
        return self._stages.run(self._corner(number))

    def columns(self, number: int) -> dict[str, Array]:
        """Return the answers over a block as columns, a row for each design."""
        return {
            name: np.broadcast_to(values, self.shape).ravel()
            for name, values in self.answers(number).items()
        }

    def indices(self, number: int, where: Array) -> Array:
        """Return the indices of designs of a block by their place in its `shape`."""
        if self._space.rows or not self.names:
            return where
        corner = self._corner(number)
        at = dict(zip(self.names, np.unravel_index(where, self.shape), strict=True))
        digits = tuple(at[n] + corner.get(n, 0) for n in self._space.names)
        return np.ravel_multi_index(digits, self._space.shape).astype(np.int64)

    def numbers(self, indices: Array) -> Array:
        """Return the number of the block that each design stands in."""
        digits = self._space.digits(indices)
        place = np.zeros(len(indices), np.int64)
        for name in self.slow:
            place = place * len(self._space.axes[name]) + digits[name]
        return np.asarray(self._number[place])

    def _corner(self, number: int) -> dict[str, int]:
        shape = tuple(len(self._space.axes[n]) for n in self.slow)
        digits = np.unravel_index(self._order[number], shape) if shape else ()
        return {n: int(d) for n, d in zip(self.slow, digits, strict=True)}


def split_axes(
    space: Space, names: Sequence[str], block_size: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (slow axes, fast axes): the fast ones together give at most `block_size`.

    Axes that few steps of the model depend on, the first of `names`, come into a block
    before others: their values are nearly free there.
    """
    fast: list[str] = []
    size = 1
    for name in names:
        if size * len(space.axes[name]) <= block_size:
            size *= len(space.axes[name])
            fast.append(name)
    return tuple(n for n in names if n not in fast), tuple(fast)


def _last_axes(
    space: Space, block_size: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (slow axes, fast axes): as many of the last as give at most a block."""
    first = len(space.names)
    while first and math.prod(space.shape[first - 1 :]) <= block_size:
        first -= 1
    return space.names[:first], space.names[first:]
