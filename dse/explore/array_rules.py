"""How NumPy does what JAX traced: one rule for each kind of array operation.

A rule takes the number of grid dimensions and arrays whose own dimensions come first.
An operation without a rule is left to JAX itself, which is slower but never wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from dse.explore.array_by_jax import by_jax, is_key
from dse.explore.array_functions import EACH, EACH_FLOAT, convert

Array = np.ndarray[Any, Any]
Rule = Callable[..., Sequence[Any]]


def rule_for(equation: Any) -> Rule:
    """Return the rule of one traced operation."""
    name, params = name_of(equation), equation.params
    if any(is_key(v.aval) for v in (*equation.invars, *equation.outvars)):
        return by_jax(equation)
    floats = all(np.issubdtype(v.aval.dtype, np.floating) for v in equation.invars)
    function = EACH.get(name) or (EACH_FLOAT.get(name) if floats else None)
    if function is not None:
        return lambda _, *arrays: [function(*arrays)]
    make = _SHAPED.get(name)
    rule = make(params, [v.aval for v in equation.invars]) if make else None
    return rule or by_jax(equation)


def name_of(equation: Any) -> str:
    """Return the name of an operation; how a half is rounded belongs to it."""
    name = str(equation.primitive.name)
    if name == "round" and int(equation.params["rounding_method"]) == 0:
        return "round_away"
    return name


# Each takes params and inputs, and gives a rule, or None to leave it to JAX.


def _logic(on_bools: Callable[..., Array]) -> Callable[..., Rule | None]:
    def make(_params: Any, inputs: Sequence[Any]) -> Rule | None:
        if any(x.dtype != bool for x in inputs):
            return None
        return lambda _, *arrays: [on_bools(*arrays)]

    return make


def _convert(params: Any, inputs: Sequence[Any]) -> Rule | None:
    wanted = np.dtype(params["new_dtype"])
    if not {inputs[0].dtype.kind, wanted.kind} <= set("biuf"):
        return None
    return lambda _, x: [convert(x, wanted)]


def _integer_power(params: Any, _inputs: Any) -> Rule:
    power = params["y"]

    def rule(_: int, x: Array) -> list[Array]:
        found = raised(x, abs(power), np.multiply) if power else np.ones_like(x)
        return [1.0 / found if power < 0 else found]

    return rule


def raised(x: Any, power: int, times: Callable[[Any, Any], Any]) -> Any:
    """Raise to a positive whole power by squares, as JAX does."""
    found = None
    while power:
        if power % 2:
            found = x if found is None else times(found, x)
        power //= 2
        x = times(x, x) if power else x
    return found


def _select(_params: Any, inputs: Sequence[Any]) -> Rule | None:
    if inputs[0].dtype != bool:
        return None
    return lambda _, which, no, yes: [np.where(which, yes, no)]


def _reshape(params: Any, inputs: Sequence[Any]) -> Rule | None:
    if params.get("dimensions") is not None:
        return None
    return _own_shape(tuple(params["new_sizes"]), inputs[0].ndim)


def _own_shape(shape: tuple[int, ...], own: int) -> Rule:
    return lambda _, x: [x.reshape(shape + x.shape[own:])]


def _squeeze(params: Any, inputs: Sequence[Any]) -> Rule:
    gone = params["dimensions"]
    kept = tuple(n for i, n in enumerate(inputs[0].shape) if i not in gone)
    return _own_shape(kept, inputs[0].ndim)


def _expand(params: Any, inputs: Sequence[Any]) -> Rule:
    shape, places = params["shape"], params["broadcast_dimensions"]
    own = inputs[0].shape
    thin = [1] * len(shape)
    for place, size in zip(places, own, strict=True):
        thin[place] = size

    def rule(_: int, x: Array, *_sizes: Array) -> list[Array]:
        grid = x.shape[len(own) :]
        return [np.broadcast_to(x.reshape((*thin, *grid)), (*shape, *grid))]

    return rule


def _slice(params: Any, _inputs: Any) -> Rule:
    steps = params["strides"] or (None,) * len(params["start_indices"])
    cut = tuple(
        slice(*ends)
        for ends in zip(
            params["start_indices"], params["limit_indices"], steps, strict=True
        )
    )
    return lambda _, x: [x[cut]]


def _one_of(params: Any, inputs: Sequence[Any]) -> Rule | None:
    """Look up one place of a table: `table[place]`."""
    if inputs[0].ndim != 1 or tuple(params["slice_sizes"]) != (1,):
        return None
    return lambda _, x, place: [_look_up(x, place[None])]


def _transpose(params: Any, inputs: Sequence[Any]) -> Rule:
    order, own = tuple(params["permutation"]), inputs[0].ndim
    return lambda grid, x: [x.transpose((*order, *range(own, own + grid)))]


def _concatenate(params: Any, inputs: Sequence[Any]) -> Rule:
    axis, own = params["dimension"], inputs[0].ndim

    def rule(_: int, *arrays: Array) -> list[Array]:
        grid = np.broadcast_shapes(*(x.shape[own:] for x in arrays))
        same = [np.broadcast_to(x, x.shape[:own] + grid) for x in arrays]
        return [np.concatenate(same, axis=axis)]

    return rule


def _stack(params: Any, _inputs: Any) -> Rule:
    axis = params.get("axis", params.get("dimension", 0))
    return lambda _, *arrays: [np.stack(np.broadcast_arrays(*arrays), axis=axis)]


def _fold(combine: Callable[..., Array]) -> Callable[..., Rule | None]:
    """Reduce in the order of the values, whatever the grid: the same bits always."""

    def make(params: Any, inputs: Sequence[Any]) -> Rule | None:
        axes = params["axes"]

        def rule(_: int, x: Array) -> list[Array]:
            for axis in sorted(axes, reverse=True):
                turns = np.moveaxis(x, axis, 0)
                x = reduce(combine, turns[1:], turns[0])
            return [x]

        return rule if all(inputs[0].shape[a] for a in axes) else None

    return make


def _iota(params: Any, _inputs: Any) -> Rule:
    shape, axis = params["shape"], params["dimension"]
    values = np.arange(shape[axis], dtype=params["dtype"])
    thin = [n if i == axis else 1 for i, n in enumerate(shape)]
    full = np.broadcast_to(values.reshape(thin), shape)
    return lambda grid: [full.reshape(full.shape + (1,) * grid)]


def _take(params: Any, inputs: Sequence[Any]) -> Rule | None:
    """Look up places along one axis of a table: `table[:, places]`."""
    numbers, table, places = params["dimension_numbers"], *inputs
    axes = numbers.start_index_map
    axis, own = axes[0], table.ndim
    whole = all(
        size == (1 if axis in axes else table.shape[axis])
        for axis, size in enumerate(params["slice_sizes"])
    )
    simple = (
        len(axes) == 1
        and tuple(numbers.collapsed_slice_dims) == tuple(axes)
        and tuple(numbers.offset_dims) == tuple(n for n in range(own) if n != axis)
        and not numbers.operand_batching_dims
        and whole
        and places.ndim == 2
        and "FILL" not in str(params["mode"])
    )
    if not simple:
        return None

    def rule(_: int, table: Array, where: Array) -> list[Array]:
        first = np.moveaxis(table, axis, 0)
        alike = where.reshape(len(where), *(1,) * (own - 1), *where.shape[2:])
        return [np.moveaxis(_look_up(first, alike), 0, axis)]

    return rule


def _look_up(table: Array, where: Array) -> Array:
    """Return `table[where]` along its first axis; both may differ over the grid."""
    last = min(len(table) - 1, np.iinfo(where.dtype).max)
    where = np.clip(where, 0, last)
    if where.size == len(where):  # the same places for the whole grid
        return np.asarray(table[where.ravel()])
    if table.size == len(table):  # one table for the whole grid
        return np.asarray(table.ravel()[where])
    grid = np.broadcast_shapes(table.shape[1:], where.shape[1:])
    full = np.broadcast_to(table, (len(table), *grid))
    return np.take_along_axis(full, np.broadcast_to(where, (len(where), *grid)), 0)


_SHAPED: dict[str, Callable[[Any, Sequence[Any]], Rule | None]] = {
    "and": _logic(np.logical_and),
    "or": _logic(np.logical_or),
    "not": _logic(np.logical_not),
    "convert_element_type": _convert,
    "integer_pow": _integer_power,
    "select_n": _select,
    "reshape": _reshape,
    "squeeze": _squeeze,
    "broadcast_in_dim": _expand,
    "slice": _slice,
    "transpose": _transpose,
    "concatenate": _concatenate,
    "stack": _stack,
    "reduce_sum": _fold(np.add),
    "reduce_prod": _fold(np.multiply),
    "reduce_max": _fold(np.maximum),
    "reduce_min": _fold(np.minimum),
    "iota": _iota,
    "gather": _take,
    "dynamic_slice": _one_of,
}
