"""One formula for numbers and for what JAX traces."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def array_namespace(*values: Any) -> ModuleType:
    """Return `jax.numpy` where one of the values is JAX's, else `numpy`.

    What is only numbers is worked out at once and in float64: eager JAX would compile
    every operation on its own.
    """
    traced = any(isinstance(value, jax.Array) for value in values)
    return jnp if traced else np
