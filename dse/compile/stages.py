"""A function prepared for the blocks of a grid: nothing is worked out twice.

First, once for all blocks, come the operations that depend on so few axes that their
values over the whole grid are small. In each block the others follow, with the core of
the function in their middle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dse.arrays import Array
from dse.compile.core import Core, find_core
from dse.compile.function import CompiledFunction
from dse.compile.graph import Graph
from dse.compile.steps import Found, Steps, operations

SMALL = 2**15  # points of the whole grid that an operation may tell apart to be early


class Stages:
    """What a function answers at each corner of the slow axes of a grid.

    `values` are those of all axes, each along its own dimension.
    """

    def __init__(
        self,
        function: CompiledFunction,
        values: Mapping[str, Array],
        slow: Sequence[str],
    ) -> None:
        graph, outputs = function.graph, set(function.places)
        self._function = function
        self._slow = {name: place for place, name in enumerate(values) if name in slow}
        reads = graph.reads(graph.needed(outputs))
        sizes = {name: axis.size for name, axis in values.items()}
        early: list[int] = []
        late: list[int] = []
        for place in operations(graph, outputs):
            points = math.prod(sizes[name] for name in reads[place])
            (early if points <= SMALL else late).append(place)
        read = _taken(graph, late) | outputs
        found, self._dimensions = function.begin(values)
        Steps(graph, early, read).run(found)
        shared = {place: found[place] for place in read & found.keys()}
        inside = {name: size for name, size in sizes.items() if name not in slow}
        core = find_core(graph, late, reads, inside, outputs)
        before, after = _around(graph, late, core)
        wanted = outputs | _taken(graph, after)
        self._core = Core(graph, core, wanted, shared) if core else None
        self._before = Steps(graph, before, wanted | _taken(graph, core))
        self._after = Steps(graph, after, outputs)
        self._still: Found = {}
        self._moving: dict[tuple[bool, ...], Found] = {}  # by the slow axes they have
        kinds = self._core.early if self._core is not None else {}
        for place, array in (shared | kinds).items():
            if np.ndim(array) == 0:
                self._still[place] = array
                continue
            has = tuple(array.shape[axis] > 1 for axis in self._slow.values())
            self._moving.setdefault(has, {})[place] = array

    def run(self, corner: Mapping[str, int]) -> Any:
        """Return the answers at a corner: the place on each slow axis.

        Answers have the dimensions of the grid, with length 1 for a slow axis, and for
        one that they do not depend on. Safe to call from several threads.
        """
        found = self._cut(corner)
        self._before.run(found)
        if self._core is not None:
            self._core.run(found)
        self._after.run(found)
        return self._function.read(found, self._dimensions)

    def _cut(self, corner: Mapping[str, int]) -> Found:
        """Return the shared values at a corner."""
        found = dict(self._still)
        for has, arrays in self._moving.items():
            cut = [slice(None)] * self._dimensions
            for (name, axis), there in zip(self._slow.items(), has, strict=True):
                if there:
                    cut[axis] = slice(corner[name], corner[name] + 1)
            at = tuple(cut)
            found.update((place, array[at]) for place, array in arrays.items())
        return found


def _taken(graph: Graph, places: Sequence[int]) -> set[int]:
    return {taken for place in places for taken in graph.nodes[place].takes}


def _around(
    graph: Graph, places: Sequence[int], core: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Return the operations a core may wait for, and those that wait for it."""
    inside, made = set(core), set(core)
    before, after = [], []
    for place in places:
        if place in inside:
            continue
        if made.intersection(graph.nodes[place].takes):
            made.add(place)
            after.append(place)
        else:
            before.append(place)
    return before, after
