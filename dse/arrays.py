"""Words for numbers in signatures, and one formula for all kinds of them."""

from __future__ import annotations

from types import ModuleType
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

Number: TypeAlias = float | jax.Array
"""A number: a float, or JAX's in its place, one of a design or `[designs]`."""

Choice: TypeAlias = str | float | jax.Array
"""One of a few names, as a person gives it; JAX sees its place among them."""

Column: TypeAlias = np.ndarray | jax.Array
"""Numbers side by side, NumPy's or JAX's; their shape stands beside, as `[ops]`."""

Values: TypeAlias = float | np.ndarray | jax.Array
"""An answer: one number, or one for each of some designs, `[designs]`."""

Floats: TypeAlias = NDArray[np.float64]
"""NumPy's numbers in float64; what each of them is for stands beside it."""


def array_namespace(*values: object) -> ModuleType:
    """Return `jax.numpy` where one of the values is JAX's, else `numpy`.

    What is only numbers is worked out at once and in float64: eager JAX would compile
    every operation on its own.
    """
    traced = any(isinstance(value, jax.Array) for value in values)
    return jnp if traced else np
