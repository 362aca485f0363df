"""What hangs on one input alone, as a table of the values that this may have.

Interval arithmetic forgets that two operands are the same number. Where all of them
hang on one input, which has some values only, there is nothing to forget: what is made
of it is known at each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from dse.compile.bounds import Interval, bound
from dse.compile.graph import INPUT, Graph

DOUBLE = np.dtype(float)
Tables = dict[str, tuple[str, Interval]]  # by input: the old one, and what it is there


def write_tables(
    graph: Graph, places: Sequence[int], values: Mapping[str, ArrayLike]
) -> tuple[Graph, dict[int, int], Tables]:
    """Return a graph in which numbers that hang on one input are inputs themselves.

    Beside it where places of the old one are found, and what each new input is at each
    of the `values` `[k]` of the old one. Left as they were are truths, whole numbers,
    shorter ones, and what may be infinite or no number.
    """
    needed = graph.needed(places)
    whose, found = _alone(graph, needed, values)
    wanted, new = set(places), Graph()
    for place in reversed(needed):  # takers come after what they take
        if place in wanted and place not in found:
            wanted.update(graph.nodes[place].takes)
    at: dict[int, int] = {}
    tables: Tables = {}
    for place in (place for place in needed if place in wanted):
        if place in found:
            name = f"{whose[place]}:{place}"
            at[place], tables[name] = new.input(name), (whose[place], found[place])
        else:
            node, new.origin = graph.nodes[place], graph.origins[place]
            at[place] = new.again(node, [at[taken] for taken in node.takes])
    return new, at, tables


def _alone(
    graph: Graph, needed: Sequence[int], values: Mapping[str, ArrayLike]
) -> tuple[dict[int, str], dict[int, Interval]]:
    """Return which input places hang on that hang on one, and what is found there."""
    reads = graph.reads(needed)
    whose = {at: next(iter(names)) for at, names in reads.items() if len(names) == 1}
    found = {}
    for name, given in values.items():
        points = np.asarray(given, float)
        inputs = {name: Interval(points, points, np.zeros(1, bool))}
        own = [
            place
            for place, other in whose.items()
            if other == name
            and graph.kinds[place] == DOUBLE
            and graph.nodes[place].operation != INPUT
        ]
        for place, told in zip(own, bound(graph, own, inputs), strict=True):
            ends = (
                np.broadcast_to(told.low, points.shape),
                np.broadcast_to(told.high, points.shape),
            )
            if np.isfinite(ends).all() and not told.none.any():
                found[place] = Interval(*ends, told.none)
    return whose, found
