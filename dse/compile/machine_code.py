"""A function as machine code of this processor, run by all cores.

LLVM makes it in a fraction of a second. Every row is worked out by itself, so that
neither their number nor that of the cores changes an answer.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from dse.compile.llvm import Linked, link, register_bytes
from dse.compile.loop import loop_over_rows
from dse.compile.room import Room
from dse.compile.written_out import write_out

if TYPE_CHECKING:
    from dse.compile.function import CompiledFunction
    from dse.compile.rows import Column, Columns

ROWS_OF_A_TURN = 2**13  # that one thread does before it takes the next


class MachineCode:
    """A function on floats of some kind, for any rows; compiled when first run.

    Its answers are single numbers by name. `lanes` rows are done at once, as many as a
    vector register holds where it is left out. With `fast_math` all numbers count as
    finite, and products are fused with sums.
    """

    def __init__(
        self,
        function: CompiledFunction,
        kind: DTypeLike,
        *,
        lanes: int | None = None,
        fast_math: bool = False,
    ) -> None:
        self._inputs = function.names
        self._names = sorted(function.answers)
        self._graph, self._places = write_out(
            function.graph, function.places, fast_math=fast_math
        )
        self._kind = np.dtype(kind)
        self._lanes = lanes or register_bytes() // self._kind.itemsize
        self._room = Room(self._kind)
        self._one_at_a_time = threading.Lock()
        self._made: Linked | None = None

    def __call__(self, columns: Mapping[str, Column], count: int) -> Columns:
        """Return the answers of `count` rows, a column each.

        `columns` have as many rows, or one for all. What is returned shares memory.
        """
        given = [columns[name] for name in self._inputs]
        whole = count - count % self._lanes
        filled = -(-count // self._lanes) * self._lanes
        found = self._room.columns(len(self._places), filled)
        self._run(given, found, whole)
        if whole < count:  # the last rows, filled up to a register
            missing = (0, self._lanes - (count - whole))
            rest = [c if len(c) == 1 else np.pad(c[whole:], missing) for c in given]
            self._run(rest, found[:, whole:], self._lanes)
        return dict(zip(self._names, found[:, :count], strict=True))

    def _run(self, columns: list[Column], found: Column, count: int) -> None:
        """Do some whole registers of rows, by turns of all cores."""
        kept = [_lined_up(c, self._kind, self._lanes) for c in columns]
        inputs = np.asarray([c.ctypes.data for c in kept])
        steps = np.asarray([0 if len(c) == 1 else -1 for c in columns])
        outputs = found.ctypes.data + found.strides[0] * np.arange(len(found))
        run = self._function

        def do(first: int) -> None:
            end = min(first + ROWS_OF_A_TURN, count)
            run(inputs.ctypes.data, steps.ctypes.data, outputs.ctypes.data, first, end)

        turns = range(0, count, ROWS_OF_A_TURN)
        if len(turns) < 2:
            for first in turns:
                do(first)
            return
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(do, turns))

    def count(self) -> Counter[str]:
        """Return how many operations of each kind a row takes."""
        return self._graph.count(self._places)

    @property
    def _function(self) -> Any:
        """The machine code; of several threads that ask one makes it."""
        if self._made is None:
            with self._one_at_a_time:
                self._made = self._made or self._compile()
        return self._made.call

    def _compile(self) -> Linked:
        text = loop_over_rows(
            self._graph, self._inputs, self._places, self._kind, self._lanes
        )
        return link(text, "rows")


def _lined_up(column: Column, kind: DTypeLike, lanes: int) -> Column:
    """Return a column in one piece; a single number as often as there are lanes."""
    if len(column) == 1:
        return np.full(lanes, column[0], kind)
    return np.ascontiguousarray(column, kind)
