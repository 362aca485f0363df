"""What becomes of an array operation when its arrays are taken apart into numbers.

A rule takes the graph and arrays of places, and gives arrays of places. Operations that
only move numbers about are done on the places themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from typing import Any

import numpy as np

from dse.explore.array_functions import EACH, EACH_FLOAT
from dse.explore.array_rules import name_of, rule_for
from dse.explore.rows.graph import KINDS, Graph, NotByRowsError, not_by_rows
from dse.explore.rows.places import Places, constants, each, known_array
from dse.explore.rows.table_rules import add_at, look_up, put

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
    "tile",
    "pad",
}
_SAME = {"copy", "copy_p", "stop_gradient"}
_RENAMED = {"add_any": "add", "lt_to": "lt", "le_to": "le"}
_REDUCED = {
    "reduce_sum": "add",
    "reduce_prod": "mul",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_and": "and",
    "reduce_or": "or",
    "reduce_xor": "xor",
}
_CUMULATED = {"cumsum": "add", "cumprod": "mul", "cummax": "max", "cummin": "min"}
_SINGLE = {
    *EACH,
    *_RENAMED,
    *("and", "or", "not", "xor"),
}


def write_numbers(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Add one traced operation to a graph; return the places of its results.

    Raises `NotByRowsError` for an operation that cannot be taken apart.
    """
    graph.origin = equation
    try:
        return _written(graph, equation, given)
    except NotByRowsError as error:
        raise error.at(equation) from None


def _written(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    name = name_of(equation)
    if name in _SAME:
        return given
    known = [
        known_array(graph, places, atom.aval.dtype)
        for places, atom in zip(given, equation.invars, strict=True)
    ]
    if all(array is not None for array in known):
        with np.errstate(all="ignore"):
            found = rule_for(equation)(0, *known)
        return [constants(graph, array) for array in found]
    for atom in (*equation.invars, *equation.outvars):
        if atom.aval.dtype.name not in KINDS:
            raise not_by_rows(name, f"of numbers of kind `{atom.aval.dtype}`")
    if name in _MOVED:
        return [np.asarray(places) for places in rule_for(equation)(0, *given)]
    if name in _REDUCED:
        return [_reduced(graph, _REDUCED[name], equation.params["axes"], given[0])]
    floats = all(atom.aval.dtype.kind == "f" for atom in equation.invars)
    if name in _SINGLE or (name in EACH_FLOAT and floats):
        return [each(graph, _RENAMED.get(name, name), given)]
    if name not in _RULES:
        raise not_by_rows(name)
    return _RULES[name](graph, equation, given)


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
    if equation.invars[0].aval.dtype.kind != "f":
        raise not_by_rows("integer_pow", "of whole numbers")
    return [each(graph, "integer_pow", given, equation.params["y"])]


def _unstack(_: Graph, equation: Any, given: list[Places]) -> list[Places]:
    turns = np.moveaxis(given[0], equation.params["axis"], 0)
    return [np.asarray(places) for places in turns]


def _product(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Multiply matrices: one sum of products for each number of the result."""
    (left_axes, right_axes), (batch, _) = equation.params["dimension_numbers"]
    if batch:
        raise not_by_rows("dot_general", "of stacks of matrices")
    kind = equation.outvars[0].aval.dtype
    alike = [
        given[side]
        if equation.invars[side].aval.dtype == kind
        else each(graph, "convert_element_type", [given[side]], kind.name)
        for side in (0, 1)
    ]
    left = np.moveaxis(alike[0], left_axes, range(len(left_axes)))
    right = np.moveaxis(alike[1], right_axes, range(len(right_axes)))
    summed = int(np.prod(left.shape[: len(left_axes)], dtype=int))
    rows = left.reshape(summed, -1, 1)
    columns = right.reshape(summed, 1, -1)
    products = each(graph, "mul", [rows, columns])
    found = _reduced(graph, "add", (0,), products)
    return [found.reshape(equation.outvars[0].aval.shape)]


def _cumulated(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Combine every number along an axis with all before it, or all behind."""
    operation = _CUMULATED[equation.primitive.name]
    turns = list(np.moveaxis(given[0], equation.params["axis"], 0))
    backwards = equation.params["reverse"]
    found = list(
        accumulate(
            reversed(turns) if backwards else turns,
            lambda a, b: each(graph, operation, [a, b]),
        )
    )
    ordered = found[::-1] if backwards else found
    return [np.moveaxis(np.stack(ordered), 0, equation.params["axis"])]


def _first_largest(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    """Find the place of the largest number, the first one of equals."""
    return _first(graph, equation, given, "gt", "max")


def _first_least(graph: Graph, equation: Any, given: list[Places]) -> list[Places]:
    if equation.invars[0].aval.dtype == bool:
        raise not_by_rows("argmin", "of logicals")
    return _first(graph, equation, given, "lt", "min")


def _first(
    graph: Graph, equation: Any, given: list[Places], beyond: str, extreme: str
) -> list[Places]:
    turns = np.moveaxis(given[0], equation.params["axes"][0], 0)
    kind = np.dtype(equation.params["index_dtype"])
    logical = equation.invars[0].aval.dtype == bool
    floats = equation.invars[0].aval.dtype.kind == "f"
    best, at = turns[0], constants(graph, np.zeros(turns.shape[1:], kind))
    for number, turn in enumerate(turns[1:], start=1):
        here = constants(graph, np.full(turns.shape[1:], number, kind))
        if logical:
            more = each(graph, "and", [turn, each(graph, "not", [best])])
        else:
            more = each(graph, beyond, [turn, best])
        if floats:  # the first that is no number stands above all
            first = each(graph, "and", [_is_nan(graph, turn), _is_number(graph, best)])
            more = each(graph, "or", [more, first])
        at = each(graph, "select_n", [more, at, here])
        best = each(graph, "or" if logical else extreme, [best, turn])
    return [at]


def _is_number(graph: Graph, places: Places) -> Places:
    return each(graph, "eq", [places, places])


def _is_nan(graph: Graph, places: Places) -> Places:
    return each(graph, "ne", [places, places])


_RULES: dict[str, Callable[[Graph, Any, list[Places]], list[Places]]] = {
    "convert_element_type": _convert,
    "select_n": _select,
    "integer_pow": _integer_power,
    "unstack": _unstack,
    "dot_general": _product,
    "argmax": _first_largest,
    "argmin": _first_least,
    **dict.fromkeys(_CUMULATED, _cumulated),
    "gather": look_up,
    "dynamic_slice": look_up,
    "dynamic_update_slice": put,
    "scatter-add": add_at,
}
