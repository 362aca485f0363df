"""Operations on every number of an array by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from dse.smooth import with_slope
from tests.compile.operation import (
    Operation,
    of_gamma,
)

_OF_ONE: dict[str, tuple[Callable[..., Any], float]] = {
    **{n: (getattr(lax, n), 0.0) for n in ("neg", "abs", "sign", "floor", "ceil")},
    "sqrt": (lax.sqrt, 0.0),
    "square": (lax.square, 0.0),
    "stop_gradient": (lax.stop_gradient, 0.0),
    "copy": (jnp.copy, 0.0),
    "round": (lax.round, 0.0),
    "round even": (jnp.round, 0.0),
    "exp": (lax.exp, 4.0),
    "exp2": (lax.exp2, 1000.0),  # JAX: exp(x log 2), whose argument is rounded
    "log": (lax.log, 4.0),
    "log1p": (lax.log1p, 250.0),  # JAX is off by half of that near -0.41; NumPy is not
    "expm1": (lax.expm1, 8.0),
    "tanh": (lax.tanh, 8.0),
    "logistic": (lax.logistic, 8.0),
    "rsqrt": (lax.rsqrt, 4.0),
    "cube": (lambda x: lax.integer_pow(x, 3), 4.0),
    "fifth": (lambda x: lax.integer_pow(x, 5), 8.0),
    "inverse square": (lambda x: lax.integer_pow(x, -2), 6.0),
    "power 0": (lambda x: lax.integer_pow(x, 0), 0.0),
    "power 2.0": (lambda x: x**2.0, 4.0),
    "power 3.0": (lambda x: lax.pow(x, 3.0), 6.0),
    "power 33.0": (lambda x: lax.pow(x, 33.0), 4.0),
    "power -1.5": (lambda x: lax.pow(x, -1.5), 4.0),
    "power 0.5": (lambda x: lax.pow(x, 0.5), 4.0),
    "plus 0": (lambda x: x + 0.0, 0.0),
    "less 0": (lambda x: x - 0.0, 0.0),
    "times 0": (lambda x: x * 0.0, 0.0),
    "times 1": (lambda x: 1.0 * x, 0.0),
    "0 over": (lambda x: 0.0 / x, 0.0),
    "by 3": (lambda x: x / 3.0, 1.0),  # XLA multiplies by 1/3
    "to int64 and back": (lambda x: x.astype(jnp.int64).astype(float), 0.0),
    "to int32 and back": (lambda x: x.astype(jnp.int32).astype(float), 0.0),
}
EACH: dict[str, Operation] = {
    **{n: Operation(getattr(lax, n), "ff") for n in ("add", "sub", "mul", "div")},
    **{n: Operation(getattr(lax, n), "ff") for n in ("max", "min")},
    **{n: Operation(f, "f", r) for n, (f, r) in _OF_ONE.items()},
    "nextafter": Operation(lax.nextafter, "ff", only_double=True),
    "below": Operation(lambda x: jnp.nextafter(x, -np.inf), "f", only_double=True),
    "pow": Operation(lax.pow, "ff", 4.0),
    "a step": Operation(lambda x, y: with_slope(jnp.floor(x), x * y), "ff"),
    "power of 2": Operation(lambda y: lax.pow(2.0, y), "f", 4.0),
    "power of -2": Operation(lambda y: lax.pow(-2.0, y), "f", 4.0),
    "lgamma": Operation(lax.lgamma, "f", 64.0, of_gamma, 1e300),
    # What it is at 0, where it has two ends, versions of JAX say in their own ways.
    "digamma": Operation(
        lambda x: lax.digamma(jnp.where(x == 0.0, 1.0, x)), "f", 64.0, of_gamma, 1e12
    ),
    "clamp": Operation(lax.clamp, "fff"),
    "clip": Operation(lambda x: jnp.clip(x, -1.0, 2.5), "f"),
    "is_finite": Operation(lax.is_finite, "f"),
    "is nan": Operation(jnp.isnan, "f"),
    **{n: Operation(getattr(lax, n), "ff") for n in ("lt", "le", "gt", "ge")},
    **{n: Operation(getattr(lax, n), "ff") for n in ("eq", "ne")},
    "and": Operation(lax.bitwise_and, "bb"),
    "or": Operation(lax.bitwise_or, "bb"),
    "xor": Operation(lax.bitwise_xor, "bb"),
    "not": Operation(lax.bitwise_not, "b"),
    "select": Operation(lax.select, "bff"),
    "select whole numbers": Operation(lax.select, "bii"),
    "bool lt": Operation(lax.lt, "bb"),
    "bool max": Operation(lax.max, "bb"),
    "bool min": Operation(lax.min, "bb"),
    "bool eq": Operation(lax.eq, "bb"),
    "to int64": Operation(lambda x: x.astype(jnp.int64), "f"),
    "to int32": Operation(lambda x: x.astype(jnp.int32), "f"),
    "to float32": Operation(lambda x: x.astype(jnp.float32), "f"),
    "to bool": Operation(lambda x: x.astype(bool), "f"),
    "bool to int": Operation(lambda x: x.astype(jnp.int64), "b"),
    "bool to float": Operation(lambda x: x.astype(float), "b"),
    "int to float": Operation(lambda x: x.astype(float), "i"),
    "int to int32": Operation(lambda x: x.astype(jnp.int32), "i"),
    "int to bool": Operation(lambda x: x.astype(bool), "i"),
    "int32 to int": Operation(lambda x: x.astype(jnp.int64), "j"),
    "int32 to float": Operation(lambda x: x.astype(float), "j"),
    **{
        f"int {n}": Operation(getattr(lax, n), "ii")
        for n in ("add", "sub", "mul", "max", "min", "lt", "ge", "eq")
    },
    **{f"int32 {n}": Operation(getattr(lax, n), "jj") for n in ("add", "mul", "max")},
    "int square": Operation(lambda x: lax.integer_pow(x, 2), "i"),
    "int neg": Operation(lax.neg, "i"),
    "int clamp": Operation(lax.clamp, "iii"),
    "int and": Operation(lax.bitwise_and, "ii"),
    "int xor": Operation(lax.bitwise_xor, "ii"),
    "int not": Operation(lax.bitwise_not, "i"),
    **{f"float32 {n}": Operation(getattr(lax, n), "ss") for n in ("add", "mul", "div")},
    "float32 sqrt": Operation(lax.sqrt, "s"),
    "float32 max": Operation(lax.max, "ss"),
    "float32 to float": Operation(lambda x: x.astype(float), "s"),
    "float32 to int": Operation(lambda x: x.astype(jnp.int64), "s"),
    "softplus": Operation(jax.nn.softplus, "f", 8.0, lambda x: 1.0 + np.abs(x)),
    "relu": Operation(jax.nn.relu, "f"),
    "where nan": Operation(lambda x: jnp.where(x == x, x, 7.0), "f"),
}
