"""What NumPy does to one value at a time, by the name that JAX gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _special(name: str) -> Callable[..., Array]:
    """Return a function of SciPy, which is loaded when it is first needed."""

    def function(x: Array) -> Array:
        from scipy import special

        return np.asarray(getattr(special, name)(x))

    return function


EACH: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "add_any": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "neg": np.negative,
    "abs": np.abs,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "stop_gradient": lambda x: x,
    "copy": lambda x: x,
    "copy_p": lambda x: x,
    "clamp": lambda low, x, high: np.minimum(np.maximum(x, low), high),
}
# Only of floats: JAX divides and rounds integers in its own way.
EACH_FLOAT: dict[str, Callable[..., Array]] = {
    "div": np.divide,
    "pow": np.power,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1.0 / np.sqrt(x),
    "square": np.square,
    "log": np.log,
    "log1p": np.log1p,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "tanh": np.tanh,
    "ceil": np.ceil,
    "floor": np.floor,
    "nextafter": np.nextafter,
    "sign": np.sign,
    "logistic": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "is_finite": np.isfinite,
    "erf": _special("erf"),
    "erfc": _special("erfc"),
    "lgamma": _special("gammaln"),
}
