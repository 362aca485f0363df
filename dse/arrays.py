"""Words for numbers in signatures, and one formula for all kinds of them.

Files are read and checked by modules that say these words: they do not wait for JAX.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import jax

Number: TypeAlias = "float | jax.Array"
"""A number: a float, or JAX's in its place, one of a design or `[designs]`."""

Choice: TypeAlias = "str | float | jax.Array"
"""One of a few names, as a person gives it; JAX sees its place among them."""

Column: TypeAlias = "np.ndarray | jax.Array"
"""Numbers side by side, NumPy's or JAX's; their shape stands beside, as `[ops]`."""

Values: TypeAlias = "float | np.ndarray | jax.Array"
"""An answer: one number, or one for each of some designs, `[designs]`."""

Array: TypeAlias = np.ndarray
"""An array of NumPy's; its shape stands beside."""

Rows: TypeAlias = np.ndarray
"""Columns of a table in NumPy: numbers or texts, `[rows]`."""

Pick: TypeAlias = np.ndarray | list[int] | slice
"""Which rows of a table: by mask, by their places, or some in a run."""


def array_namespace(*values: object) -> ModuleType:
    """Return `jax.numpy` where one of the values is JAX's, else `numpy`.

    What is only numbers is worked out at once and in float64: eager JAX would compile
    every operation on its own.
    """
    jax = sys.modules.get("jax")  # has made none of the values if it is not there
    if jax is not None and any(isinstance(value, jax.Array) for value in values):
        namespace: ModuleType = jax.numpy
        return namespace
    return np
