"""What becomes of an array operation when its arrays are taken apart into numbers.

A rule takes the graph and arrays of places, and gives arrays of places. Operations that
only move numbers about are done on the places themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import jax
import numpy as np

from dse.explore.array_functions import EACH, EACH_FLOAT
from dse.explore.array_rules import rule_for
from dse.explore.rows.graph import Graph, NotByRowsError

Places = np.ndarray[Any, np.dtype[np.int64]]

_MOVED = {
    "reshape",
    "squeeze",
    "broadcast_in_dim",
    "slice",
    "transpose",
    "concatenate",
    "split",
    "rev",
    "stack",
}
_SAME = {"copy", "copy_p", "stop_gradient", "reduce_precision"}
_RENAMED = {"add_any": "add", "lt_to": "lt", "le_to": "le"}
_REDUCED = {
    "reduce_sum": "add",
    "reduce_prod": "mul",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_and": "and",
    "reduce_or": "or",
}
_SINGLE = {
    *EACH,
    *EACH_FLOAT,
    *_RENAMED,
    *("and", "or", "not", "round", "digamma"),
}


def write_numbers(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Add one traced operation to a graph; return the places of its results.

    Raises `NotByRowsError` for an operation that cannot be taken apart.
    """
    name = equation.primitive.name
    if name in _SAME:
        return given
    known = [known_array(graph, places) for places in given]
    if all(array is not None for array in known):
        with np.errstate(all="ignore"):
            found = rule_for(equation)(0, *known)
        return [constants(graph, array) for array in found]
    if name in _MOVED:
        return [np.asarray(places) for places in rule_for(equation)(0, *given)]
    if name in _REDUCED:
        return [_reduced(graph, _REDUCED[name], equation.params["axes"], given[0])]
    if name in _SINGLE:
        return [each(graph, _RENAMED.get(name, name), given)]
    if name not in _RULES:
        raise NotByRowsError(f"`{name}` cannot be compiled for rows; use `dse.sweep`.")
    return _RULES[name](graph, equation, given)


def constants(graph: Graph, array: Any) -> Places:
    """Return the places of the numbers of an array that is known."""
    array = np.asarray(array)
    places = [graph.constant(number) for number in array.ravel()]
    return np.asarray(places, np.int64).reshape(array.shape)


def known_array(graph: Graph, places: Places) -> Any | None:
    """Return the numbers at some places, None where one of them is not known."""
    numbers = [graph.known(place) for place in places.ravel().tolist()]
    if not numbers or any(number is None for number in numbers):
        return None
    return np.asarray(numbers).reshape(places.shape)


def each(
    graph: Graph, operation: str, given: Sequence[Places], detail: Any = None
) -> Places:
    """Return the places of an operation on one number of every array at a time."""
    alike = np.broadcast_arrays(*given)
    rows = zip(*(places.ravel().tolist() for places in alike), strict=True)
    found = [graph.add(operation, takes, detail) for takes in rows]
    return np.asarray(found, np.int64).reshape(alike[0].shape)


def _reduced(graph: Graph, operation: str, axes: Any, places: Places) -> Places:
    """Combine along axes in the order of the numbers, as `array_rules` does."""
    for axis in sorted(axes, reverse=True):
        turns = list(np.moveaxis(places, axis, 0))
        places = reduce(lambda a, b: each(graph, operation, [a, b]), turns)
    return np.asarray(places)


def _convert(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    wanted = np.dtype(equation.params["new_dtype"])
    if equation.invars[0].aval.dtype == wanted:
        return given
    return [each(graph, "convert_element_type", given, wanted.name)]


def _select(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Choose by a condition, or by a number among several."""
    which, found, *others = given
    kind = equation.invars[0].aval.dtype
    for number, other in enumerate(others, start=1):
        beyond = which
        if not np.issubdtype(kind, np.bool_):
            beyond = each(graph, "ge", [which, constants(graph, kind.type(number))])
        found = each(graph, "select_n", [beyond, found, other])
    return [found]


def _integer_power(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    return [each(graph, "integer_pow", given, equation.params["y"])]


def _unstack(_: Graph, equation: Any, given: list[Places]) -> list[Places]:
    turns = np.moveaxis(given[0], equation.params["axis"], 0)
    return [np.asarray(places) for places in turns]


def _pad(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    places, filling = given
    sizes = equation.params["padding_config"]
    shape = equation.outvars[0].aval.shape
    found = np.full(shape, int(filling))
    found[
        tuple(
            slice(low, low + (n - 1) * (gap + 1) + 1, gap + 1)
            for n, (low, _, gap) in zip(places.shape, sizes, strict=True)
        )
    ] = places
    return [found]


def _product(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Multiply matrices: one sum of products for each number of the result."""
    (left_axes, right_axes), (batch, _) = equation.params["dimension_numbers"]
    if batch:
        raise NotByRowsError(
            "products of stacks of matrices cannot be compiled for rows."
        )
    left = np.moveaxis(given[0], left_axes, range(len(left_axes)))
    right = np.moveaxis(given[1], right_axes, range(len(right_axes)))
    summed = int(np.prod(left.shape[: len(left_axes)], dtype=int))
    rows = left.reshape(summed, -1, 1)
    columns = right.reshape(summed, 1, -1)
    products = each(graph, "mul", [rows, columns])
    found = _reduced(graph, "add", (0,), products)
    return [found.reshape(equation.outvars[0].aval.shape)]


def _first_largest(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Find the place of the largest number, the first one of equals."""
    turns = np.moveaxis(given[0], equation.params["axes"][0], 0)
    kind = np.dtype(equation.params["index_dtype"])
    logical = equation.invars[0].aval.dtype == bool
    best, at = turns[0], constants(graph, np.zeros(turns.shape[1:], kind))
    for number, turn in enumerate(turns[1:], start=1):
        here = constants(graph, np.full(turns.shape[1:], number, kind))
        if logical:
            more = each(graph, "and", [turn, each(graph, "not", [best])])
        else:
            more = each(graph, "gt", [turn, best])
        at = each(graph, "select_n", [more, at, here])
        best = each(graph, "or" if logical else "max", [best, turn])
    return [at]


def _look_up(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Look up a table: by places that are known, or by one that is not."""
    table, *where = given
    known = [known_array(graph, places) for places in where]
    if all(array is not None for array in known):
        with jax.enable_x64(True):
            found = equation.primitive.bind(table, *known, **equation.params)
        return [np.asarray(found)]
    if table.ndim > 1 or sum(places.size for places in where) > 1:
        raise NotByRowsError(
            "a table with more than one axis cannot be compiled for rows."
        )
    [place] = (int(places.ravel()[0]) for places in where)
    kind = equation.invars[1].aval.dtype
    found_place = int(table[0])
    for number, entry in enumerate(table[1:].tolist(), start=1):
        beyond = graph.add("ge", (place, graph.constant(kind.type(number))))
        found_place = graph.add("select_n", (beyond, found_place, entry))
    return [np.full(equation.outvars[0].aval.shape, found_place)]


def _put(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Put one number into a table, at a place that the design decides."""
    table, new, where = given[0], given[1], given[2:]
    if table.ndim != 1 or new.size != 1:
        raise NotByRowsError(
            "only single numbers are put into tables when compiling rows."
        )
    place, kind = int(where[0]), equation.invars[2].aval.dtype
    found = table.copy()
    for number, entry in enumerate(table.tolist()):
        here = graph.add("eq", (place, graph.constant(kind.type(number))))
        found[number] = graph.add("select_n", (here, entry, int(new.ravel()[0])))
    return [found]


def _add_at(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
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
    table, where, new = given
    if table.ndim != 1 or new.size != 1 or where.size != 1:
        raise NotByRowsError("only single numbers are added to tables by rows.")
    place, more = int(where.ravel()[0]), int(new.ravel()[0])
    kind, zero = equation.invars[1].aval.dtype, graph.constant(0.0)
    found = table.copy()
    for number, entry in enumerate(table.tolist()):
        here = graph.add("eq", (place, graph.constant(kind.type(number))))
        added = graph.add("select_n", (here, zero, more))
        found[number] = graph.add("add", (entry, added))
    return [found]


_RULES: dict[str, Callable[[Graph, Any, list[Places]], list[Places]]] = {
    "convert_element_type": _convert,
    "select_n": _select,
    "integer_pow": _integer_power,
    "unstack": _unstack,
    "pad": _pad,
    "dot_general": _product,
    "argmax": _first_largest,
    "gather": _look_up,
    "dynamic_slice": _look_up,
    "dynamic_update_slice": _put,
    "scatter-add": _add_at,
}
