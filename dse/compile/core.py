"""The core of a function: the operations that most depends on, done once for equals.

Of the many designs of a grid few differ in what a walk through time sees: whether a
buffer holds what it should, not how large it is. A core is the part of a graph between
such values and the first that tell all designs apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dse.arrays import Array
from dse.compile.distinct import distinct, number_points
from dse.compile.graph import BY_JAX, CONSTANT, Graph
from dse.compile.steps import Found, Steps

WORTH_IT = 64  # operations; fewer cost less than telling inputs apart


class Core:
    """Operations that read the same axes, and are done for distinct inputs.

    `shared` is what is known of their inputs for all blocks. `early` numbers its points
    by what lies there, so that no block has to: arrays to be cut as those of `shared`
    are, and found under their keys.
    """

    def __init__(
        self, graph: Graph, places: Sequence[int], wanted: set[int], shared: Found
    ) -> None:
        made = set(places)
        read = {taken for at in places for taken in graph.nodes[at].takes} - made
        still = {at for at in read if graph.nodes[at].operation == CONSTANT}
        self._constants = {at: graph.nodes[at].detail for at in still}
        self._inputs = sorted(read - still)
        self._outputs = sorted(made & wanted)
        self._steps = Steps(graph, places, self._outputs)
        self._late = [at for at in self._inputs if at not in shared]
        by_shape: dict[tuple[int, ...], list[Array]] = {}
        for at in self._inputs:
            if at in shared:
                by_shape.setdefault(shared[at].shape, []).append(shared[at])
        self.early: Found = {
            -number: number_points(sheets)
            for number, sheets in enumerate(by_shape.values(), start=1)
        }

    def run(self, found: Found) -> None:
        """Add what the core makes to what was found over a grid."""
        kinds, one_of = distinct(
            [found[at] for at in self._late], [found.pop(at) for at in self.early]
        )
        at = np.unravel_index(one_of, kinds.shape)
        rows: Found = dict(self._constants)
        where: dict[tuple[int, ...], Array] = {}
        for place in self._inputs:
            values = found[place]
            if values.shape not in where:
                where[values.shape] = _places(at, values.shape)
            rows[place] = values.ravel().take(where[values.shape])
        self._steps.run(rows)
        for place in self._outputs:
            found[place] = rows[place].take(kinds)


def find_core(
    graph: Graph,
    places: Sequence[int],
    reads: Mapping[int, frozenset[Any]],
    sizes: Mapping[str, int],
    wanted: set[int],
) -> list[int]:
    """Return the operations of a core; none where there is none worth it.

    `sizes` are the lengths of the axes of a grid. Of the operations that depend on the
    same axes, most work in all, those are taken that every answer needs which needs
    any.
    """
    groups: dict[frozenset[str], list[int]] = {}
    for place in places:
        groups.setdefault(reads[place].intersection(sizes), []).append(place)

    def work(read: frozenset[str]) -> int:
        return len(groups[read]) * math.prod(sizes[name] for name in read)

    heaviest = groups[max(groups, key=work)] if groups else []
    if any(graph.nodes[place].operation == BY_JAX for place in heaviest):
        return []
    inside = set(heaviest)
    users = [inside.intersection(graph.needed([output])) for output in sorted(wanted)]
    users = [used for used in users if used]
    shared = set.intersection(*users) if users else set()
    core = [place for place in heaviest if place in shared]
    return core if len(core) >= WORTH_IT else []


def _places(at: Sequence[Array], grid: tuple[int, ...]) -> Array:
    """Return where points of a grid lie in an array that lacks some of its axes."""
    held = [(d, n) for d, n in zip(at, grid, strict=True) if n > 1]
    if not held:
        return np.zeros(1, np.int64)
    digits, lengths = zip(*held, strict=True)
    return np.asarray(np.ravel_multi_index(digits, lengths))
