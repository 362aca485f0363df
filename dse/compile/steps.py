"""Operations of a graph in order, as NumPy does them over a grid.

A number of the graph is an array here, whose axes are those of the grid: of length 1
where the number does not depend on an axis. An operation is done only for what it can
tell apart. For a grid of millions that is less work than any compiled loop over
designs, and it starts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from dse.compile.graph import BY_JAX, CONSTANT, CONVERT, INPUT, PART, Graph, Node
from dse.compile.numpy_functions import FUNCTIONS, convert

Found = dict[int, Any]  # what lies at each place


class Steps:
    """Operations to be done together; what they make is dropped after its last use.

    `wanted` are the places that are read afterwards.
    """

    def __init__(
        self, graph: Graph, places: Sequence[int], wanted: Iterable[int]
    ) -> None:
        kept = set(wanted)
        last = {taken: at for at in places for taken in graph.nodes[at].takes}
        dropped: dict[int, list[int]] = {}
        for place in set(places) - kept:
            if place in last:
                dropped.setdefault(last[place], []).append(place)
        nodes = [graph.nodes[place] for place in places]
        self._steps = [
            (_function(node), node.takes, place, dropped.get(place, ()))
            for node, place in zip(nodes, places, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._steps)

    def run(self, found: Found) -> None:
        """Do every operation; add what they make to what was found."""
        with np.errstate(all="ignore"):
            for function, takes, place, dropped in self._steps:
                found[place] = function(*[found[at] for at in takes])
                for at in dropped:
                    del found[at]


def operations(graph: Graph, outputs: Iterable[int]) -> list[int]:
    """Return the places of the operations that some outputs need, in order."""
    return [
        place
        for place in graph.needed(outputs)
        if graph.nodes[place].operation not in (INPUT, CONSTANT)
    ]


def _function(node: Node) -> Callable[..., Any]:
    """Return what NumPy does for an operation."""
    if node.operation == CONVERT:
        kind = np.dtype(node.detail)
        return lambda x: convert(x, kind)
    if node.operation == BY_JAX:
        done: Callable[..., Any] = node.detail
        return done
    if node.operation == PART:
        return itemgetter(node.detail)
    return FUNCTIONS[node.operation]
