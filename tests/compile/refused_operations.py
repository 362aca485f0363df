"""Operations that rows refuse: kept apart, so that all readers do most programs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.compile.operation import (
    SUMS,
    TABLE,
    Operation,
    first,
    flat,
    index,
    largest_of,
    sum_of,
)

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
    "modulo": Operation(lambda x, y: x % y, "ff", size=largest_of, **SUMS),
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
        **SUMS,
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
        **SUMS,
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
        **SUMS,
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
