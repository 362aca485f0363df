"""Arrays of places: a traced array, taken apart into numbers of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dse.explore.rows.graph import Graph

Places = np.ndarray[Any, np.dtype[np.int64]]


def constants(graph: Graph, array: Any) -> Places:
    """Return the places of the numbers of an array that is known."""
    array = np.asarray(array)
    places = [graph.constant(number) for number in array.ravel()]
    return np.asarray(places, np.int64).reshape(array.shape)


def known_array(graph: Graph, places: Places, kind: Any) -> Any | None:
    """Return the numbers at some places, None where one of them is not known."""
    numbers = [graph.known(place) for place in places.ravel().tolist()]
    if any(number is None for number in numbers):
        return None
    if not numbers:
        return np.zeros(places.shape, kind)
    return np.asarray(numbers).reshape(places.shape)


def each(
    graph: Graph, operation: str, given: Sequence[Places], detail: Any = None
) -> Places:
    """Return the places of an operation on one number of every array at a time."""
    alike = np.broadcast_arrays(*given)
    rows = zip(*(places.ravel().tolist() for places in alike), strict=True)
    found = [graph.add(operation, takes, detail) for takes in rows]
    return np.asarray(found, np.int64).reshape(alike[0].shape)
