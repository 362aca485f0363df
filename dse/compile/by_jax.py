"""Array operations that are not taken apart into numbers: JAX does them as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from dse.arrays import Array
from dse.compile.errors import NotByRowsError
from dse.compile.graph import Graph, Places

if TYPE_CHECKING:
    from dse.compile.trace import Equation


_KEYS = {
    "key<fry>": "threefry2x32",
    "key<rbg>": "rbg",
    "key<urbg>": "unsafe_rbg",
}


class ByJax:
    """An array operation on the numbers of its arrays, at all points of a grid.

    `refused` says why it is not taken apart.
    """

    def __init__(self, equation: Equation, refused: NotByRowsError) -> None:
        self.refused = refused
        self._made: dict[tuple[int | None, ...], Any] = {}
        self._bind = equation.primitive.bind
        self._params = dict(equation.params)
        self._several = equation.primitive.multiple_results
        self.taken = [atom.aval for atom in equation.invars]
        self.results = [_plain_aval(atom.aval) for atom in equation.outvars]

    def __call__(self, *numbers: Any) -> list[Array]:
        """Return the numbers of the results one after another, each over the grid."""
        grid = np.broadcast_shapes(*(np.shape(number) for number in numbers))
        points, left = math.prod(grid), iter(numbers)
        arrays, axes = [], []
        for aval in map(_plain_aval, self.taken):
            own = [np.asarray(next(left)) for _ in range(math.prod(aval.shape))]
            moves = any(number.size > 1 for number in own)
            shape = grid if moves else (1,) * len(grid)
            columns = [np.broadcast_to(number, shape).ravel() for number in own]
            table = np.asarray(columns, aval.dtype).reshape(
                *aval.shape, math.prod(shape)
            )
            arrays.append(np.moveaxis(table, -1, 0) if moves else table[..., 0])
            axes.append(0 if moves else None)
        moves = any(axis == 0 for axis in axes)
        with jax.enable_x64(True):
            found = self._many(*axes)(*arrays) if moves else self.once(*arrays)
        rows, shape = (points, grid) if moves else (1, (1,) * len(grid))
        tables = [np.asarray(part).reshape(rows, -1) for part in found]
        return [column.reshape(shape) for table in tables for column in table.T]

    def once(self, *arrays: Any) -> list[Any]:
        """Return the results of some arrays; keys of random numbers are as they lie."""
        given = zip(arrays, self.taken, strict=True)
        found = self._bind(*(_as_key(x, aval) for x, aval in given), **self._params)
        return [plain(part) for part in (found if self._several else [found])]

    def _many(self, *axes: int | None) -> Any:
        """Return it for many points; each kind of call is compiled once."""
        if axes not in self._made:
            self._made[axes] = jax.jit(jax.vmap(self.once, in_axes=axes))
        return self._made[axes]


def left_to_jax(
    graph: Graph, equation: Equation, given: Sequence[Places], refused: NotByRowsError
) -> list[Places]:
    """Add an operation to a graph as a whole; return the places of its results."""
    done = ByJax(equation, refused)
    pairs = zip(given, done.taken, strict=True)
    known = [graph.known_array(x, _plain_aval(aval).dtype) for x, aval in pairs]
    if all(array is not None for array in known):
        with jax.enable_x64(True):
            return [graph.constants(part) for part in done.once(*known)]
    kinds = [aval.dtype for aval in done.results for _ in range(math.prod(aval.shape))]
    takes = [place for places in given for place in places.ravel().tolist()]
    places = graph.by_jax(takes, done, kinds)
    sizes = [math.prod(aval.shape) for aval in done.results]
    parts = np.split(places, np.cumsum(sizes)[:-1])
    shaped = zip(parts, done.results, strict=True)
    return [part.reshape(aval.shape) for part, aval in shaped]


def is_key(aval: Any) -> bool:
    """Return whether these are keys of random numbers, which NumPy does not know."""
    return bool(jax.numpy.issubdtype(aval.dtype, jax.dtypes.prng_key))


def _as_key(x: Any, aval: Any) -> Any:
    if not is_key(aval):
        return x
    return jax.random.wrap_key_data(x, impl=_KEYS[str(aval.dtype)])


def plain(x: Any) -> Any:
    """Return an array that NumPy knows; keys of random numbers as what they hold."""
    return jax.random.key_data(x) if hasattr(x, "dtype") and is_key(x) else x


def _plain_aval(aval: Any) -> Any:
    """Return shape and kind of an array as NumPy knows it."""
    return jax.eval_shape(plain, aval) if is_key(aval) else aval
