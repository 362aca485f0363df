"""Look-ups in tables, and what their slopes do: numbers put or added at a place.

Places that are known only move numbers about. At one that the design decides, each
entry of the table is chosen or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from dse.compile.errors import not_by_rows
from dse.compile.graph import Graph, Places

if TYPE_CHECKING:
    from dse.compile.trace import Equation

_NOWHERE = -1  # a place that is not in the table


def look_up(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    """Look up a table: by places that are known, or by one that is not."""
    table, *where = given
    fills = "FILL" in str(equation.params.get("mode"))
    kinds = [atom.aval.dtype for atom in equation.invars[1:]]
    known = [graph.known_array(*pair) for pair in zip(where, kinds, strict=True)]
    if all(array is not None for array in known):
        if equation.primitive.name == "gather" and not fills:
            taken = _take(equation.params, table, known[0])
            if taken is not None:
                return [taken]
        params = {**equation.params, **({"fill_value": _NOWHERE} if fills else {})}
        with jax.enable_x64(True):
            found = np.array(equation.primitive.bind(table, *known, **params))
        if fills:
            found[found == _NOWHERE] = _filling(graph, equation)
        return [found]
    _check_one_axis(equation, table)
    if equation.outvars[0].aval.size > 1:
        raise not_by_rows(equation.primitive.name, "of several numbers at once")
    [place], [kind] = (where[0].ravel().tolist(), kinds)
    last = int(np.iinfo(kind).max)
    at_place = int(table[0])
    for number, entry in enumerate(table[1 : last + 1].tolist(), start=1):
        beyond = graph.add("ge", (place, graph.constant(kind.type(number))))
        at_place = graph.add("select_n", (beyond, at_place, entry))
    if fills:
        ends = {"ge": 0, "le": min(len(table) - 1, last)}
        for how, end in ends.items():
            inside = graph.add(how, (place, graph.constant(kind.type(end))))
            filling = _filling(graph, equation)
            at_place = graph.add("select_n", (inside, filling, at_place))
    return [np.full(equation.outvars[0].aval.shape, at_place)]


def _take(params: Any, table: Places, where: Any) -> Places | None:
    """Look up places along one axis of a table, if that is what is asked for.

    JAX would compile it for every shape there is.
    """
    numbers = params["dimension_numbers"]
    if len(numbers.start_index_map) != 1 or numbers.operand_batching_dims:
        return None
    (axis,) = numbers.start_index_map
    whole = [1 if at == axis else size for at, size in enumerate(table.shape)]
    if (*numbers.collapsed_slice_dims,) != (axis,) or [*params["slice_sizes"]] != whole:
        return None
    at = np.clip(where[..., 0], 0, table.shape[axis] - 1)
    found: Places = np.moveaxis(table, axis, 0)[at]
    others = [n for n in range(found.ndim) if n not in numbers.offset_dims]
    return np.moveaxis(found, range(found.ndim), [*others, *numbers.offset_dims])


def _filling(graph: Graph, equation: Equation) -> int:
    """Return the place of what stands for entries that a table does not have."""
    kind, filling = equation.outvars[0].aval.dtype, equation.params["fill_value"]
    if filling is None:
        filling = {"f": np.nan, "b": True}.get(kind.kind)
    if filling is None:
        filling = np.iinfo(kind).min
    return graph.constant(kind.type(filling))


def put(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    """Put one number into a table, at a place that the design decides."""
    table, new, where = given[0], *_only(equation, given[1:])
    kind = equation.invars[2].aval.dtype
    _check_one_axis(equation, table)
    within = _clipped(graph, where, kind, table)
    return [_changed(graph, table, within, kind, lambda _: new)]


def add_at(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    """Add numbers to a table; it is a look-up turned round."""
    table, where, new = given
    known = graph.known_array(where, equation.invars[1].aval.dtype)
    if known is None:
        return _add_one(graph, equation, given)
    clips = "CLIP" in str(equation.params["mode"])
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
        mode="clip" if clips else "fill",
        fill_value=None if clips else _NOWHERE,
    )
    found = table.ravel().copy()
    pairs = zip(np.ravel(targets).tolist(), new.ravel().tolist(), strict=True)
    for target, place in pairs:
        if target != _NOWHERE:
            found[target] = graph.add("add", (int(found[target]), place))
    return [found.reshape(table.shape)]


def _add_one(graph: Graph, equation: Equation, given: list[Places]) -> list[Places]:
    """Add one number to a table, at a place that the design decides."""
    table, where, new = given[0], *_only(equation, given[1:])
    kind = equation.invars[1].aval.dtype
    _check_one_axis(equation, table)
    if "CLIP" in str(equation.params["mode"]):
        where = _clipped(graph, where, kind, table)

    def change(entry: int) -> int:
        return graph.add("add", (entry, new))

    return [_changed(graph, table, where, kind, change)]


def _clipped(graph: Graph, where: int, kind: np.dtype, table: Places) -> int:
    """Return a place, or the end of the table that it lies beyond."""
    last = graph.constant(kind.type(min(len(table) - 1, np.iinfo(kind).max)))
    return graph.add("clamp", (graph.constant(kind.type(0)), where, last))


def _changed(
    graph: Graph,
    table: Places,
    where: int,
    kind: np.dtype,
    change: Callable[[int], int],
) -> Places:
    """Return a table with its entry at a place changed."""
    found = table.copy()
    for number, entry in enumerate(table[: int(np.iinfo(kind).max) + 1].tolist()):
        here = graph.add("eq", (where, graph.constant(kind.type(number))))
        found[number] = graph.add("select_n", (here, entry, change(entry)))
    return found


def _check_one_axis(equation: Equation, table: Places) -> None:
    if table.ndim != 1:
        name = equation.primitive.name
        raise not_by_rows(name, "at a place that moves in a table of several axes")


def _only(equation: Equation, several: list[Places]) -> list[int]:
    if any(places.size != 1 for places in several):
        raise not_by_rows(equation.primitive.name, "at several places that move")
    return [int(places.ravel()[0]) for places in several]
