"""What an operation of random programs is, and how exactly it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

KINDS = {
    "f": np.dtype(float),
    "s": np.dtype(np.float32),
    "i": np.dtype(np.int64),
    "j": np.dtype(np.int32),
    "b": np.dtype(bool),
}


class Operation(NamedTuple):
    """A function of arrays of one shape and of some kinds, by the letters of `KINDS`.

    It may be off by some `roundings` of its result, or of the `size` that is told for
    what it takes; numbers beyond `largest` or 1 / `largest` are not asked for.
    """

    do: Callable[..., Any]
    takes: str
    roundings: float = 0.0
    size: Callable[..., Any] | None = None
    largest: float = np.inf
    only_double: bool = False  # traced in double precision, it is another in single


def sum_of(x: Any) -> Any:
    """The sum of all sizes of a row."""
    return np.abs(x).reshape(len(x), -1).sum(axis=1)


def largest_of(*numbers: Any) -> Any:
    """What nothing in a row is larger than, at least 1."""
    return 1.0 + sum(sum_of(x) for x in numbers)


def of_gamma(x: Any) -> Any:
    """A logarithm of gamma has zeros of its own, and near poles the place counts."""
    beside = np.abs(x - np.round(x))
    near = np.where((x < 0.5) & (beside > 0.0), (1.0 + np.abs(x)) / beside, 0.0)
    slope = np.where(near > 0.0, near / np.where(beside > 0.0, beside, 1.0), 0.0)
    return 10.0 + np.abs(x * np.log(np.abs(x) + 2.0)) + near + slope


def flat(x: Any) -> Any:
    """An array as a vector."""
    return jnp.ravel(x)


def first(x: Any) -> Any:
    """The first number of an array."""
    return jnp.ravel(x)[0]


def index(x: Any) -> Any:
    """A whole number, in a table of four or beyond it."""
    return jnp.clip(jnp.nan_to_num(first(x), nan=0.0), -3, 5).astype(jnp.int32)


TABLE = np.asarray([3.0, -1.0, 4.0, 1.5])
SUMS: dict[str, Any] = {"roundings": 8.0, "largest": 1e100}
