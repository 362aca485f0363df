"""Look-ups in tables, and what their slopes do: numbers put or added at a place.

Places that are known only move numbers about. At one that the design decides, each
entry of the table is chosen or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from dse.explore.rows.graph import Graph, NotByRowsError
from dse.explore.rows.places import Places, known_array

_AXES = "a table with more than one axis cannot be compiled for rows."


def look_up(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Look up a table: by places that are known, or by one that is not."""
    table, *where = given
    known = [known_array(graph, places) for places in where]
    if all(array is not None for array in known):
        with jax.enable_x64(True):
            found = equation.primitive.bind(table, *known, **equation.params)
        return [np.asarray(found)]
    if table.ndim > 1 or sum(places.size for places in where) > 1:
        raise NotByRowsError(_AXES)
    [place] = (int(places.ravel()[0]) for places in where)
    kind = equation.invars[1].aval.dtype
    found_place = int(table[0])
    for number, entry in enumerate(table[1:].tolist(), start=1):
        beyond = graph.add("ge", (place, graph.constant(kind.type(number))))
        found_place = graph.add("select_n", (beyond, found_place, entry))
    return [np.full(equation.outvars[0].aval.shape, found_place)]


def put(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Put one number into a table, at a place that the design decides."""
    table, new, where = given[0], _only(given[1]), _only(given[2])
    kind = equation.invars[2].aval.dtype

    def change(here: int, entry: int) -> int:
        return graph.add("select_n", (here, entry, new))

    return [_changed(graph, table, where, kind, change)]


def add_at(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Add numbers to a table; it is a look-up turned round."""
    table, where, new = given
    known = known_array(graph, where)
    if known is None:
        return _add_one(graph, equation, given)
    numbers = equation.params["dimension_numbers"]
    lost = {*numbers.inserted_window_dims, *numbers.operand_batching_dims}
    lengths = iter([new.shape[axis] for axis in numbers.update_window_dims])
    looked_up = jax.lax.GatherDimensionNumbers(
        offset_dims=numbers.update_window_dims,
        collapsed_slice_dims=numbers.inserted_window_dims,
        start_index_map=numbers.scatter_dims_to_operand_dims,
        operand_batching_dims=numbers.operand_batching_dims,
        start_indices_batching_dims=numbers.scatter_indices_batching_dims,
    )
    targets = jax.lax.gather(
        np.arange(table.size).reshape(table.shape),
        known,
        looked_up,
        tuple(1 if axis in lost else next(lengths) for axis in range(table.ndim)),
        mode="fill",
        fill_value=-1,
    )
    found = table.ravel().copy()
    pairs = zip(np.ravel(targets).tolist(), new.ravel().tolist(), strict=True)
    for target, place in pairs:
        if target >= 0:
            found[target] = graph.add("add", (int(found[target]), place))
    return [found.reshape(table.shape)]


def _add_one(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Add one number to a table, at a place that the design decides."""
    table, where, new = given[0], _only(given[1]), _only(given[2])
    kind, zero = equation.invars[1].aval.dtype, graph.constant(0.0)

    def change(here: int, entry: int) -> int:
        return graph.add("add", (entry, graph.add("select_n", (here, zero, new))))

    return [_changed(graph, table, where, kind, change)]


def _changed(
    graph: Graph,
    table: Places,
    where: int,
    kind: Any,
    change: Callable[[int, int], int],
) -> Places:
    """Return a table with its entry at a place changed."""
    if table.ndim != 1:
        raise NotByRowsError(_AXES)
    found = table.copy()
    for number, entry in enumerate(table.tolist()):
        here = graph.add("eq", (where, graph.constant(kind.type(number))))
        found[number] = change(here, entry)
    return found


def _only(places: Places) -> int:
    if places.size != 1:
        raise NotByRowsError("only single numbers are put into tables by rows.")
    return int(places.ravel()[0])
