"""What becomes of an array operation when its arrays are taken apart into numbers.

A rule takes the graph and arrays of places, and gives arrays of places. Operations that
only move numbers about are done on the places themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from dse.compile.by_jax import left_to_jax
from dse.compile.errors import NotByRowsError, not_by_rows
from dse.compile.graph import CONVERT, FOR_SLOPES, SEVERAL, Graph, Places
from dse.compile.numpy_functions import EACH, EACH_FLOAT
from dse.compile.tables import add_at, look_up, put

if TYPE_CHECKING:
    from dse.compile.trace import Equation

_KINDS = {np.dtype(name) for name in ("bool", "int8", "int16", "int32", "int64")}
_KINDS |= {np.dtype(name) for name in ("float32", "float64")}
_SAME = {"copy", "copy_p"}
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
_SINGLE = {*EACH, *_RENAMED, "clamp"} - {"select_n"}
_SINGLE_FLOAT = {*EACH_FLOAT, "square"}


def write_numbers(
    graph: Graph, equation: Equation, given: list[Places]
) -> list[Places]:
    """Add one traced operation to a graph; return the places of its results.

    What cannot be taken apart is left to JAX as a whole.
    """
    graph.origin = equation
    try:
        return _written(graph, equation, given)
    except NotByRowsError as error:
        return left_to_jax(graph, equation, given, error.at(equation))


def _written(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    name = _name_of(equation)
    if name in _SAME:
        return given
    if name in FOR_SLOPES:
        return [graph.each(name, given)] if graph.as_traced else given[:1]
    kinds = [atom.aval.dtype for atom in equation.invars]
    for kind in (*kinds, *(atom.aval.dtype for atom in equation.outvars)):
        if kind not in _KINDS:
            raise not_by_rows(name, f"of numbers of kind `{kind}`")
    if name in _MOVED:
        return [_MOVED[name](equation.params, *given)]
    if name in _SINGLE or (
        name in _SINGLE_FLOAT and all(kind.kind == "f" for kind in kinds)
    ):
        return [graph.each(_RENAMED.get(name, name), given)]
    if name in _REDUCED:
        return [_reduced(graph, _REDUCED[name], equation.params["axes"], given[0])]
    if name not in _RULES:
        raise not_by_rows(name)
    return _RULES[name](graph, equation, given)


def _name_of(equation: Equation) -> str:
    """Return the name of an operation; how a half is rounded belongs to it."""
    name = str(equation.primitive.name)
    if name == "round" and int(equation.params["rounding_method"]) == 0:
        return "round_away"
    return name


# -- operations that only move numbers -------------------------------------------------


def _reshape(params: Any, x: Places) -> Places:
    if params.get("dimensions") is not None:
        raise not_by_rows("reshape", "in another order of axes")
    return x.reshape(params["new_sizes"])


def _squeeze(params: Any, x: Places) -> Places:
    gone = params["dimensions"]
    return x.reshape([n for axis, n in enumerate(x.shape) if axis not in gone])


def _expand(params: Any, x: Places) -> Places:
    thin = [1] * len(params["shape"])
    for axis, size in zip(params["broadcast_dimensions"], x.shape, strict=True):
        thin[axis] = size
    return np.broadcast_to(x.reshape(thin), params["shape"])


def _slice(params: Any, x: Places) -> Places:
    steps = params["strides"] or (None,) * x.ndim
    ends = params["start_indices"], params["limit_indices"], steps
    return x[tuple(slice(*cut) for cut in zip(*ends, strict=True))]


def _by_places(equation: Equation, given: list[Places]) -> list[Places]:
    """Have JAX itself move numbers: on their places."""
    with jax.enable_x64(True):
        found = equation.primitive.bind(*given, **equation.params)
    return [np.asarray(found)]


def _split(params: Any, x: Places) -> list[Places]:
    return np.split(x, np.cumsum(params["sizes"])[:-1], axis=params["axis"])


_MOVED: dict[str, Callable[..., Any]] = {
    "reshape": _reshape,
    "squeeze": _squeeze,
    "broadcast_in_dim": lambda params, x, *_sizes: _expand(params, x),
    "slice": _slice,
    "transpose": lambda params, x: x.transpose(params["permutation"]),
    "concatenate": lambda params, *x: np.concatenate(x, axis=params["dimension"]),
    "rev": lambda params, x: np.flip(x, params["dimensions"]),
    "stack": lambda params, *x: np.stack(x, axis=_axis(params)),
}


def _axis(params: Any) -> int:
    """Return the axis that is told, by either of the names it had."""
    return int(params["axis"] if "axis" in params else params["dimension"])


# -- operations on numbers -------------------------------------------------------------


def _reduced(graph: Graph, operation: str, axes: Any, places: Places) -> Places:
    """Combine along axes in the order of the numbers."""
    if graph.as_traced and operation in SEVERAL:
        gone = sorted(axes)
        first = np.moveaxis(places, gone, range(len(gone)))
        several = first.reshape(-1, *first.shape[len(gone) :])
        if len(several) > 2:  # a tie of three is not one of two twice
            return graph.each(SEVERAL[operation], list(several))
    for axis in sorted(axes, reverse=True):
        turns = list(np.moveaxis(places, axis, 0))
        if not turns:
            raise not_by_rows(f"reduce {operation}", "of no numbers")
        places = reduce(lambda a, b: graph.each(operation, [a, b]), turns)
    return np.asarray(places)


def _convert(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    wanted = np.dtype(equation.params["new_dtype"])
    if equation.invars[0].aval.dtype == wanted:
        return given
    return [graph.each(CONVERT, given, wanted.name)]


def _select(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    """Choose by a condition, or by a number among several."""
    which, found, *others = given
    kind = equation.invars[0].aval.dtype
    for number, other in enumerate(others, start=1):
        beyond = which
        if not np.issubdtype(kind, np.bool_):
            beyond = graph.each("ge", [which, graph.constants(kind.type(number))])
        found = graph.each("select_n", [beyond, found, other])
    return [found]


def _integer_power(
    graph: Graph, equation: Equation, given: list[Places]
) -> list[Places]:
    return [graph.each("integer_pow", given, equation.params["y"])]


def _iota(graph: Graph, equation: Equation, _: list[Places]) -> list[Places]:
    """Count along an axis."""
    params = equation.params
    shape, axis = params["shape"], params["dimension"]
    thin = [n if at == axis else 1 for at, n in enumerate(shape)]
    values = graph.constants(np.arange(shape[axis], dtype=params["dtype"]))
    return [np.broadcast_to(values.reshape(thin), shape)]


def _unstack(_: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    turns = np.moveaxis(given[0], equation.params["axis"], 0)
    return [np.asarray(places) for places in turns]


def _product(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    """Multiply matrices: one sum of products for each number of the result."""
    (left_axes, right_axes), (batch, _) = equation.params["dimension_numbers"]
    if batch:
        raise not_by_rows("dot_general", "of stacks of matrices")
    kind = equation.outvars[0].aval.dtype
    alike = [
        given[side]
        if equation.invars[side].aval.dtype == kind
        else graph.each(CONVERT, [given[side]], kind.name)
        for side in (0, 1)
    ]
    left = np.moveaxis(alike[0], left_axes, range(len(left_axes)))
    right = np.moveaxis(alike[1], right_axes, range(len(right_axes)))
    summed = int(np.prod(left.shape[: len(left_axes)], dtype=int))
    if not summed:
        raise not_by_rows("dot_general", "of no numbers")
    rows = left.reshape(summed, -1, 1)
    columns = right.reshape(summed, 1, -1)
    products = graph.each("mul", [rows, columns])
    found = _reduced(graph, "add", (0,), products)
    return [found.reshape(equation.outvars[0].aval.shape)]


def _cumulated(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    """Combine every number along an axis with all before it, or all behind."""
    operation = _CUMULATED[equation.primitive.name]
    if graph.as_traced and operation in SEVERAL:
        raise not_by_rows(equation.primitive.name, "whose slopes are left to JAX")
    turns = list(np.moveaxis(given[0], equation.params["axis"], 0))
    backwards = equation.params["reverse"]
    found = list(
        accumulate(
            reversed(turns) if backwards else turns,
            lambda a, b: graph.each(operation, [a, b]),
        )
    )
    ordered = found[::-1] if backwards else found
    return [np.moveaxis(np.stack(ordered), 0, equation.params["axis"])]


def _first_largest(
    graph: Graph, equation: Equation, given: list[Places]
) -> list[Places]:
    """Find the place of the largest number, the first one of equals."""
    return _first(graph, equation, given, "gt", "max")


def _first_least(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    if equation.invars[0].aval.dtype == bool:
        raise not_by_rows("argmin", "of logicals")
    return _first(graph, equation, given, "lt", "min")


def _first(
    graph: Graph, equation: Equation, given: list[Places], beyond: str, extreme: str
) -> list[Places]:
    turns = np.moveaxis(given[0], equation.params["axes"][0], 0)
    kind = np.dtype(equation.params["index_dtype"])
    logical = equation.invars[0].aval.dtype == bool
    floats = equation.invars[0].aval.dtype.kind == "f"
    best, at = turns[0], graph.constants(np.zeros(turns.shape[1:], kind))
    for number, turn in enumerate(turns[1:], start=1):
        here = graph.constants(np.full(turns.shape[1:], number, kind))
        if logical:
            more = graph.each("and", [turn, graph.each("not", [best])])
        else:
            more = graph.each(beyond, [turn, best])
        if floats:  # the first that is no number stands above all
            first = graph.each("and", [_is_nan(graph, turn), _is_number(graph, best)])
            more = graph.each("or", [more, first])
        at = graph.each("select_n", [more, at, here])
        best = graph.each("or" if logical else extreme, [best, turn])
    return [at]


def _is_number(graph: Graph, places: Places) -> Places:
    return graph.each("eq", [places, places])


def _is_nan(graph: Graph, places: Places) -> Places:
    return graph.each("ne", [places, places])


_RULES: dict[str, Callable[[Graph, Any, list[Places]], list[Places]]] = {
    CONVERT: _convert,
    "iota": _iota,
    "split": lambda _, equation, given: _split(equation.params, given[0]),
    "pad": lambda _, equation, given: _by_places(equation, given),
    "tile": lambda _, equation, given: _by_places(equation, given),
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
