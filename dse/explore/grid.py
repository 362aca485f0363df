"""A space cut into blocks, and what the model answers over a block at once.

A block is the grid of the fast axes at one corner of the slow ones. What depends on no
slow axis is worked out once for all blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dse.evaluation import Timing, combine, metrics
from dse.explore.array_program import ArrayProgram
from dse.explore.space import Space
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

Answer = Callable[[Mapping[str, Any]], Any]
AnswerWith = Callable[[Callable[[Any], Any]], Answer]
Array = np.ndarray[Any, Any]


def answer_for(
    space: Space,
    suite: Sequence[tuple[Workload, float]],
    technology: Technology,
    timing: Timing,
    read: Callable[[Any], Any],
) -> Answer:
    """Return a function from axis values of ONE design to what `read` takes of it."""

    def answer(moved: Mapping[str, Any]) -> Any:
        full = space.complete(moved)
        parts = []
        for workload, _ in suite:
            design, placed = space.place(full, workload)
            parts.append(metrics(design, placed, technology, timing))
        return read(combine(parts, [weight for _, weight in suite]))

    return answer


class Grid:
    """The blocks of a space by number, and what a program answers over one of them.

    Numbers are scattered over the space: any run of them holds machines of all kinds.
    """

    def __init__(self, space: Space, program: ArrayProgram, block_size: int) -> None:
        self._space = space
        self._program = program
        self.slow, self.fast = split_axes(space, self._program, block_size)
        self.shape = tuple(
            len(axis) if name in self.fast else 1 for name, axis in space.axes.items()
        )
        slow_shape = [len(space.axes[n]) for n in self.slow]
        self._order = np.random.default_rng(0).permutation(math.prod(slow_shape))
        self._number = np.argsort(self._order)
        self._fast = {n: self._along(n, space.values(n)) for n in self.fast}
        self._shared = self._program.begin(
            self._values(0), set(self.slow), dimensions=len(self.shape)
        )

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
        return self._program.run(
            self._values(number), dimensions=len(self.shape), shared=self._shared
        )

    def indices(self, number: int, where: Array) -> Array:
        """Return the indices of designs of a block by their place in its `shape`."""
        corner = self._corner(number)
        at = dict(
            zip(self._space.names, np.unravel_index(where, self.shape), strict=True)
        )
        digits = tuple(at[n] + corner.get(n, 0) for n in self._space.names)
        return np.ravel_multi_index(digits, self._space.shape).astype(np.int64)

    def numbers(self, indices: Array) -> Array:
        """Return the number of the block that each design stands in."""
        digits = self._space.digits(indices)
        place = np.zeros(len(indices), np.int64)
        for name in self.slow:
            place = place * len(self._space.axes[name]) + digits[name]
        return np.asarray(self._number[place])

    def _values(self, number: int) -> dict[str, Array]:
        corner = {
            name: self._along(name, self._space.values(name)[at : at + 1])
            for name, at in self._corner(number).items()
        }
        return {**self._fast, **corner}

    def _corner(self, number: int) -> dict[str, int]:
        shape = tuple(len(self._space.axes[n]) for n in self.slow)
        digits = np.unravel_index(self._order[number], shape) if shape else ()
        return {n: int(d) for n, d in zip(self.slow, digits, strict=True)}

    def _along(self, name: str, values: Array) -> Array:
        places = [-1 if n == name else 1 for n in self._space.names]
        return values.reshape(places)


def split_axes(
    space: Space, program: ArrayProgram, block_size: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (slow axes, fast axes): the fast ones together give at most `block_size`.

    Axes that few steps of the model depend on come into a block first: their values are
    nearly free there.
    """
    uses = program.uses()
    fast: list[str] = []
    size = 1
    for name in sorted(space.names, key=lambda n: uses[n]):
        if size * len(space.axes[name]) <= block_size:
            size *= len(space.axes[name])
            fast.append(name)
    slow = tuple(n for n in space.names if n not in fast)
    return slow, tuple(n for n in space.names if n in fast)
