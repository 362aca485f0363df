"""Array operations that NumPy has no rule for: JAX does them, for all of a grid."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import numpy as np

Array = np.ndarray[Any, Any]


def by_jax(equation: Any) -> Callable[..., list[Array]]:
    """Let JAX do an operation for each point of the grid."""
    primitive, params = equation.primitive, equation.params
    several = primitive.multiple_results
    avals = [v.aval for v in equation.invars]
    own = [aval.ndim + is_key(aval) for aval in avals]

    def once(*arrays: Any) -> Any:
        given = [_as_key(x, aval) for x, aval in zip(arrays, avals, strict=True)]
        found = primitive.bind(*given, **params)
        return [plain(part) for part in (found if several else [found])]

    @cache
    def over_grid(*axes: int | None) -> Any:
        return jax.jit(jax.vmap(once, in_axes=axes, out_axes=-1))

    def rule(grid: int, *arrays: Array) -> list[Array]:
        grids = [x.shape[n:] for x, n in zip(arrays, own, strict=True)]
        shape = np.broadcast_shapes((1,) * grid, *grids)
        flat, axes = [], []
        for x, n, of_grid in zip(arrays, own, grids, strict=True):
            moves = of_grid != (1,) * grid
            full = np.broadcast_to(x, x.shape[:n] + shape) if moves else x
            flat.append(full.reshape(x.shape[:n] + (math.prod(shape),) * moves))
            axes.append(-1 if moves else None)
        with jax.enable_x64(True):
            if not any(axes):
                return [_spread(part, grid) for part in once(*flat)]
            found = [np.asarray(part) for part in over_grid(*axes)(*flat)]
        return [part.reshape(*part.shape[:-1], *shape) for part in found]

    return rule


_KEYS = {
    "key<fry>": "threefry2x32",
    "key<rbg>": "rbg",
    "key<urbg>": "unsafe_rbg",
}


def _spread(found: Any, grid: int) -> Array:
    """Return an array that is the same for the whole grid."""
    one = np.asarray(found)
    return one.reshape(one.shape + (1,) * grid)


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
