"""The operations of random programs: what they take, and how exactly they are done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

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


def polynomial(x: Any, a: Any, b: Any) -> Any:
    """A function that is called like an operation of newer JAX, and is another."""
    return jnp.abs(x) * a + b


@jax.custom_jvp
def doubled(x: Any) -> Any:
    """A number twice, with a slope of its own."""
    return 2.0 * x


doubled.defjvp(lambda x, change: (doubled(x[0]), 5.0 * change[0]))
TABLE = np.asarray([3.0, -1.0, 4.0, 1.5])
_SUMS: dict[str, Any] = {"roundings": 8.0, "largest": 1e100}

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
    "log1p": (lax.log1p, 8.0),
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
# Of whole arrays, as `EACH` is of every number.
SHAPED: dict[str, Operation] = {
    "clamp between numbers": Operation(
        lambda x, y: lax.clamp(jnp.minimum(first(x), first(y)), y, first(x)), "ff"
    ),
    "sum": Operation(jnp.sum, "f", size=sum_of, **_SUMS),
    "sum of rows": Operation(
        lambda x: jnp.sum(jnp.atleast_1d(x), axis=0), "f", size=sum_of, **_SUMS
    ),
    "sum of bools": Operation(jnp.sum, "b"),
    "int sum": Operation(jnp.sum, "i"),
    "mean": Operation(jnp.mean, "f", size=sum_of, **_SUMS),
    "variance": Operation(jnp.var, "f", 32.0, lambda x: sum_of(x) ** 2, 1e70),
    "nothing summed": Operation(
        lambda x: jnp.sum(first(x) * jnp.zeros((0, 3)), axis=0), "f"
    ),
    "nothing multiplied": Operation(
        lambda x: jnp.prod(first(x) * jnp.zeros((0,))) + 0.0 * first(x), "f"
    ),
    "product of nothing": Operation(
        lambda x: (first(x) * jnp.zeros((2, 0))) @ jnp.zeros((0, 2)), "f"
    ),
    "product": Operation(lambda x: jnp.prod(flat(x)), "f", 8.0, None, 1e20),
    "max of": Operation(lambda x: jnp.max(flat(x)), "f"),
    "min of": Operation(lambda x: jnp.min(flat(x)), "f"),
    "argmax": Operation(lambda x: jnp.argmax(flat(x)), "f"),
    "argmin": Operation(lambda x: jnp.argmin(flat(x)), "f"),
    "argmax of bools": Operation(lambda x: jnp.argmax(flat(x)), "b"),
    "any": Operation(jnp.any, "b"),
    "all": Operation(jnp.all, "b"),
    "odd": Operation(lambda x: lax.reduce_xor(x, tuple(range(x.ndim))), "b"),
    "cummax": Operation(lambda x: lax.cummax(flat(x)), "f"),
    "cummin": Operation(lambda x: lax.cummin(flat(x), reverse=True), "f"),
    "cumsum": Operation(lambda x: lax.cumsum(flat(x)), "f", size=sum_of, **_SUMS),
    "cumprod": Operation(lambda x: lax.cumprod(flat(x)), "f", 8.0, None, 1e20),
    "dot": Operation(
        lambda x, y: flat(x) @ flat(y), "ff", size=lambda x, y: sum_of(x * y), **_SUMS
    ),
    "matrices": Operation(
        lambda x, y: jnp.outer(flat(x)[:2], flat(y)[:2]) @ flat(x)[:2],
        "ff",
        size=lambda x, y: sum_of(y) * sum_of(x) ** 2,
        **_SUMS,
    ),
    "int dot": Operation(lambda x, y: flat(x) @ flat(y), "ii"),
    "float32 dot in double": Operation(
        lambda x, y: jnp.dot(flat(x), flat(y), preferred_element_type=float),
        "ss",
        size=lambda x, y: sum_of(np.float64(x) * y),
        **_SUMS,
    ),
    "outer": Operation(lambda x, y: jnp.outer(flat(x)[:2], flat(y)[:2]), "ff"),
    "reverse": Operation(lambda x: lax.rev(flat(x), (0,)), "f"),
    "transpose": Operation(jnp.transpose, "f"),
    "stack": Operation(lambda x, y: jnp.stack([x, y]), "ff"),
    "unstack": Operation(lambda x, y: jnp.unstack(jnp.stack([x, y]))[1], "ff"),
    "add up slopes": Operation(
        lambda x: jax.grad(lambda t: jnp.square(t) + jnp.abs(t) + t * 2.0)(first(x)),
        "f",
    ),
    "three": Operation(lambda x, y, z: jnp.stack([x, y, z]), "fff"),
    "concatenate": Operation(
        lambda x, y: jnp.concatenate([flat(x)[:2], flat(y)[:1]]), "ff"
    ),
    "split": Operation(lambda x: jnp.split(jnp.tile(flat(x), 2), 2)[1], "f"),
    "flat": Operation(flat, "f"),
    "first": Operation(first, "f"),
    "squeeze": Operation(lambda x: lax.squeeze(x[None], (0,)), "f"),
    "spread": Operation(lambda x: jnp.broadcast_to(first(x), (3,)), "f"),
    "grid": Operation(lambda x: jnp.broadcast_to(flat(x)[:2], (2, 2)), "f"),
    "count": Operation(lambda x: jnp.arange(3.0) + first(x), "f"),
    "every other": Operation(lambda x: flat(x)[::2], "f"),
    "pad that cuts": Operation(
        lambda x: lax.pad(jnp.tile(flat(x), 2), 1.0, ((-1, 2, 0),))[:2], "f"
    ),
    "pad": Operation(lambda x: lax.pad(flat(x)[:2], 1.0, ((1, 1, 1),)), "f"),
    "places": Operation(lambda x: flat(x)[jnp.asarray([0, -1, 0])], "f"),
    "look up": Operation(lambda x: jnp.asarray(TABLE)[index(x)], "f"),
    "look up or clip": Operation(
        lambda x: jnp.asarray(TABLE).at[index(x)].get(mode="clip"), "f"
    ),
    "look up or fill": Operation(
        lambda x: jnp.asarray(TABLE).at[index(x)].get(mode="fill", fill_value=-7.0), "f"
    ),
    "look up or NaN": Operation(
        lambda x: jnp.asarray(TABLE).at[index(x)].get(mode="fill"), "f"
    ),
    "look up whole numbers or fill": Operation(
        lambda x: jnp.arange(4).at[index(x)].get(mode="fill"), "f"
    ),
    "places or fill": Operation(
        lambda x: flat(x).at[jnp.asarray([0, 9])].get(mode="fill", fill_value=-7.0), "f"
    ),
    "look up by 8 bits": Operation(
        lambda x, y: (jnp.arange(200.0) * first(y))[
            jnp.clip(first(x), -100, 100).astype(jnp.int8)
        ],
        "ff",
    ),
    "look up dynamic": Operation(
        lambda x: lax.dynamic_index_in_dim(TABLE, index(x), 0, False), "f"
    ),
    "look up in x": Operation(
        lambda x, y: lax.dynamic_index_in_dim(flat(x), index(y), 0, False), "ff"
    ),
    "look up the largest": Operation(
        lambda x: jnp.asarray(TABLE)[jnp.argmax(flat(x))], "f"
    ),
    "put": Operation(
        lambda x, y: lax.dynamic_update_index_in_dim(flat(x), first(y), index(y), 0),
        "ff",
    ),
    "put at 0": Operation(
        lambda x, y: lax.dynamic_update_index_in_dim(flat(x), first(y), 0, 0), "ff"
    ),
    "add at": Operation(
        lambda x, y: flat(x).at[jnp.asarray([0, 0, -1])].add(first(y)),
        "ff",
        size=largest_of,
        **_SUMS,
    ),
    "add whole numbers at": Operation(
        lambda x, y: jnp.arange(3).at[index(y)].add(x.ravel()[0].astype(int)), "ff"
    ),
    "add at or drop": Operation(
        lambda x, y: flat(x).at[jnp.asarray([0, 9])].add(first(y), mode="drop"),
        "ff",
        size=largest_of,
        **_SUMS,
    ),
    "add at or clip to the last": Operation(
        lambda x, y: flat(x).at[jnp.asarray([0, 9])].add(first(y), mode="clip"),
        "ff",
        size=largest_of,
        **_SUMS,
    ),
    "add at a place that moves": Operation(
        lambda x, y: flat(x).at[index(y)].add(first(y)), "ff", size=largest_of, **_SUMS
    ),
    "add at or clip": Operation(
        lambda x, y: flat(x).at[index(y)].add(first(y), mode="clip"),
        "ff",
        size=largest_of,
        **_SUMS,
    ),
    "slope of a look up": Operation(
        lambda x, y: jax.grad(lambda t: t[index(y)] ** 2)(flat(x)), "ff"
    ),
    "slope of a dynamic look up": Operation(
        lambda x, y: jax.grad(
            lambda t: lax.dynamic_index_in_dim(t, index(y), 0, False) ** 2
        )(flat(x)),
        "ff",
    ),
    "which of three": Operation(
        lambda x, y: lax.select_n(
            jnp.clip(index(x), 0, 2), first(x), first(y), jnp.float64(9.0)
        ),
        "ff",
    ),
    "scan": Operation(
        lambda x, y: lax.scan(
            lambda c, t: (jnp.maximum(c, t) + 1.0, c - t), y, jnp.stack([x, y, x])
        )[1][0],
        "ff",
    ),
    "scan backwards": Operation(
        lambda x: lax.scan(
            lambda c, t: (t - c, c), 1.0, jnp.tile(flat(x)[:1], 3), reverse=True
        )[1],
        "f",
        size=largest_of,
        **_SUMS,
    ),
    "long scan": Operation(
        lambda x: lax.scan(
            lambda c, t: (jnp.minimum(c, t) * 0.5, None), first(x), jnp.arange(20.0)
        )[0],
        "f",
    ),
    "loop": Operation(
        lambda x: lax.fori_loop(0, 3, lambda i, c: c * 0.5 + i, x), "f", 1.0
    ),
    "vmap": Operation(
        lambda x: jax.vmap(lambda t: jnp.where(t > 0.0, t, -t) * 2.0)(flat(x)), "f"
    ),
    "inner function": Operation(lambda x: jax.jit(lambda t: jnp.abs(t) + 1.0)(x), "f"),
    "a name that JAX has": Operation(
        lambda x: jax.jit(polynomial)(x, 2.0, -0.5), "f", 1.0
    ),
    "a slope of one's own": Operation(lambda x: jax.grad(doubled)(first(x)), "f"),
    "checkpoint": Operation(
        lambda x: jax.grad(jax.checkpoint(lambda t: t * t))(first(x)), "f"
    ),
    "second slope": Operation(
        lambda x: jax.grad(jax.grad(lambda t: t**3))(first(x)), "f", 1.0
    ),
    "slope of max": Operation(
        jax.grad(lambda x, y: jnp.sum(jnp.maximum(x, y) * x)),
        "ff",
        size=largest_of,
        **_SUMS,
    ),
}
# What rows refuse: kept apart, so that all readers do most programs.
REFUSED: dict[str, Operation] = {
    **{
        name: Operation(getattr(lax, name), "f", 8.0)
        for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh")
    },
    "atan2": Operation(lax.atan2, "ff", 8.0),
    "erf": Operation(lax.erf, "f", 16.0),
    "erfc": Operation(lax.erfc, "f", 1000.0),  # the square of x is rounded
    "erf_inv": Operation(lax.erf_inv, "f", 64.0),
    "cbrt": Operation(lax.cbrt, "f", 8.0),
    "rem": Operation(lax.rem, "ff"),
    "modulo": Operation(lambda x, y: x % y, "ff", size=largest_of, **_SUMS),
    "few digits": Operation(lambda x: lax.reduce_precision(x, 8, 10), "f"),
    "bits": Operation(lambda x: lax.bitcast_convert_type(x, jnp.int64), "f"),
    "bits without a sign": Operation(
        lambda x: lax.bitcast_convert_type(x, jnp.uint64).astype(float), "f"
    ),
    "digits cut off": Operation(
        lambda x: lax.bitcast_convert_type(
            lax.bitcast_convert_type(x, jnp.uint64) & jnp.uint64(0xFFFFFFFFF8000000),
            float,
        ),
        "f",
    ),
    "sign bit": Operation(jnp.signbit, "f"),
    "int div": Operation(lax.div, "ii"),
    "int rem": Operation(lax.rem, "ii"),
    "int floor div": Operation(lambda x: x // 7, "i"),
    "int square": Operation(lambda x: lax.integer_pow(x, 2), "i"),
    "int abs": Operation(lax.abs, "i"),
    "int sign": Operation(lax.sign, "i"),
    "shift": Operation(lambda x: lax.shift_left(x, np.int64(3)), "i"),
    "shift right": Operation(lambda x: lax.shift_right_arithmetic(x, np.int64(3)), "i"),
    "ones": Operation(lax.population_count, "i"),
    "zeros in front": Operation(lax.clz, "i"),
    "unsigned": Operation(lambda x: x.astype(jnp.uint8).astype(float), "f"),
    "unsigned and": Operation(
        lambda x: (x.astype(jnp.uint64) & jnp.uint64(6)).astype(float), "f"
    ),
    "unsigned neg": Operation(lambda x: (-(x.astype(jnp.uint16))).astype(float), "f"),
    "of 16 bits": Operation(
        lambda x: (x.astype(jnp.bfloat16) * 2).astype(jnp.int32), "f"
    ),
    "complex": Operation(
        lambda x, y: jnp.real(lax.complex(x, y) * lax.complex(1.0 + 0.0 * y, x)),
        "ff",
        size=lambda x, y: largest_of(x, y) + largest_of(x * y),
        **_SUMS,
    ),
    "sort": Operation(lambda x: jnp.sort(flat(x)), "f"),
    "argsort": Operation(lambda x: jnp.argsort(flat(x)), "f"),
    "sort one by the other": Operation(
        lambda x, y: lax.sort((flat(x), flat(y)), num_keys=1)[1], "ff"
    ),
    "top of all": Operation(lambda x: lax.top_k(flat(x), 1)[0], "f"),
    "place among": Operation(lambda x: jnp.searchsorted(np.arange(4.0), x), "f"),
    "argmin of bools": Operation(lambda x: jnp.argmin(flat(x)), "b"),
    "convolution": Operation(
        lambda x: jnp.convolve(flat(x), jnp.asarray([1.0, 0.5]), "same"),
        "f",
        size=sum_of,
        **_SUMS,
    ),
    "window": Operation(
        lambda x: lax.reduce_window(flat(x), -np.inf, lax.max, (2,), (1,), "SAME"), "f"
    ),
    "stacks of matrices": Operation(
        lambda x, y: jnp.einsum(
            "ij,ij->i", jnp.stack([flat(x)] * 2), jnp.stack([flat(y)] * 2)
        ),
        "ff",
        size=lambda x, y: sum_of(x * y),
        **_SUMS,
    ),
    "a piece that moves": Operation(
        lambda x: lax.dynamic_slice(TABLE, (index(x),), (2,)), "f"
    ),
    "two places": Operation(
        lambda x, y: flat(x)[jnp.stack([index(x), index(y)])], "ff"
    ),
    "a row that moves": Operation(
        lambda x, y: jnp.stack([flat(x), flat(y)])[index(y)], "ff"
    ),
    "put by scatter": Operation(lambda x, y: flat(x).at[index(y)].set(first(y)), "ff"),
    "largest at": Operation(
        lambda x, y: flat(x).at[jnp.asarray([0, -1])].max(first(y)), "ff"
    ),
    "two put": Operation(
        lambda x, y: lax.dynamic_update_slice(
            jnp.tile(flat(x), 2), jnp.stack([first(y), 2.0]), (index(y),)
        )[:3],
        "ff",
    ),
    "no turns": Operation(
        lambda x: lax.scan(lambda c, t: (c + t, c), x, jnp.zeros((0,)))[0], "f"
    ),
    "cond": Operation(
        lambda b, x, y: lax.cond(first(b), jnp.add, jnp.subtract, x, y), "bff"
    ),
    "switch": Operation(
        lambda x: lax.switch(index(x), [jnp.negative, jnp.abs, lambda t: t * 2.0], x),
        "f",
    ),
    "while": Operation(
        lambda x: lax.while_loop(
            lambda c: jnp.all(c < 9.0), lambda c: 2.0 * c + 1.0, abs(x)
        ),
        "f",
    ),
    "turns that move": Operation(
        lambda x: lax.fori_loop(0, index(x), lambda _, c: c * 0.5, x), "f"
    ),
    "random": Operation(
        lambda x: jax.random.uniform(jax.random.fold_in(jax.random.key(0), index(x))),
        "f",
    ),
    "callback": Operation(
        lambda x: jax.pure_callback(
            np.ceil, jax.ShapeDtypeStruct(x.shape, float), x, vmap_method="expand_dims"
        ),
        "f",
    ),
}
OPERATIONS = {**EACH, **SHAPED, **REFUSED}
