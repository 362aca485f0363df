"""What NumPy does to one number at a time, by the name that JAX gives it.

The only table of its kind: what no input can change is worked out by it while a graph
is made, and grids are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dse.arrays import Array


def _one_by_one(of_one: Callable[[float], float]) -> Callable[[Array], Array]:
    """Return a function of Python's own for arrays: SciPy takes an eighth of a second.

    What is worked out here is small.
    """
    each = np.frompyfunc(of_one, 1, 1)
    return lambda x: np.asarray(each(x), np.asarray(x).dtype)


def _log_gamma_of_one(x: float) -> float:
    """Return log |gamma| of one number, infinite at poles and past the largest."""
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


def _digamma(x: Array) -> Array:
    """Return the slope of log gamma; none at 0, where it has two."""
    from scipy import special

    return np.asarray(np.where(x == 0.0, np.nan, special.digamma(x)))


def power(x: Array, y: Array) -> Array:
    """Return x^y; NumPy's own root for 1/2 is another at -infinity and at -0."""
    if np.size(y) == 1 and np.all(y == 0.5):
        return np.asarray(np.where(x == -np.inf, np.inf, np.sqrt(x) + 0.0))
    found: Array = np.power(x, y)
    return found


def round_away(x: Array) -> Array:
    """Round to the nearest whole number, a half away from zero."""
    below_half = np.nextafter(x.dtype.type(0.5), x.dtype.type(0.0))
    return np.asarray(np.trunc(x + np.copysign(below_half, x)))


def convert(x: Array, kind: np.dtype) -> Array:
    """Return numbers of another kind, as JAX does.

    A float beyond the whole numbers of the kind becomes the last of them, and one that
    is no number becomes 0.
    """
    wanted = np.dtype(kind)
    if x.dtype == wanted:
        return x
    if x.dtype.kind != "f" or wanted.kind not in "iu":
        return x.astype(wanted)
    ends = np.iinfo(wanted)
    inside = (x > float(ends.min)) & (x < float(ends.max))  # float(max) is max + 1
    whole = np.where(inside, x, 0.0).astype(wanted)
    low = np.where(x <= float(ends.min), wanted.type(ends.min), whole)
    return np.where(x >= float(ends.max), wanted.type(ends.max), low)


def logistic(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


# Of numbers of any kind.
EACH: dict[str, Callable[..., Any]] = {
    "add": np.add,
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
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.bitwise_not,
    "select_n": lambda which, no, yes: np.where(which, yes, no),
}
# Only of floats: JAX divides and rounds integers in its own way.
EACH_FLOAT: dict[str, Callable[..., Any]] = {
    "div": np.divide,
    "pow": power,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1.0 / np.sqrt(x),
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
    "logistic": logistic,
    "cbrt": np.cbrt,
    "round": np.round,
    "round_away": round_away,
    "is_finite": np.isfinite,
    "erf": _one_by_one(math.erf),
    "erfc": _one_by_one(math.erfc),
    "lgamma": _one_by_one(_log_gamma_of_one),
    "digamma": _digamma,
}
FUNCTIONS = EACH | EACH_FLOAT
