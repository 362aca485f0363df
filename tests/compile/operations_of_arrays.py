"""Operations on whole arrays: sums, moves, look-ups, loops, slopes."""

from __future__ import annotations

from typing import Any

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


def polynomial(x: Any, a: Any, b: Any) -> Any:
    """A function that is called like an operation of newer JAX, and is another."""
    return jnp.abs(x) * a + b


@jax.custom_jvp
def doubled(x: Any) -> Any:
    """A number twice, with a slope of its own."""
    return 2.0 * x


doubled.defjvp(lambda x, change: (doubled(x[0]), 5.0 * change[0]))
SHAPED: dict[str, Operation] = {
    "clamp between numbers": Operation(
        lambda x, y: lax.clamp(jnp.minimum(first(x), first(y)), y, first(x)), "ff"
    ),
    "sum": Operation(jnp.sum, "f", size=sum_of, **SUMS),
    "sum of rows": Operation(
        lambda x: jnp.sum(jnp.atleast_1d(x), axis=0), "f", size=sum_of, **SUMS
    ),
    "sum of bools": Operation(jnp.sum, "b"),
    "int sum": Operation(jnp.sum, "i"),
    "mean": Operation(jnp.mean, "f", size=sum_of, **SUMS),
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
    "cumsum": Operation(lambda x: lax.cumsum(flat(x)), "f", size=sum_of, **SUMS),
    "cumprod": Operation(lambda x: lax.cumprod(flat(x)), "f", 8.0, None, 1e20),
    "dot": Operation(
        lambda x, y: flat(x) @ flat(y), "ff", size=lambda x, y: sum_of(x * y), **SUMS
    ),
    "matrices": Operation(
        lambda x, y: jnp.outer(flat(x)[:2], flat(y)[:2]) @ flat(x)[:2],
        "ff",
        size=lambda x, y: sum_of(y) * sum_of(x) ** 2,
        **SUMS,
    ),
    "int dot": Operation(lambda x, y: flat(x) @ flat(y), "ii"),
    "float32 dot in double": Operation(
        lambda x, y: jnp.dot(flat(x), flat(y), preferred_element_type=float),
        "ss",
        size=lambda x, y: sum_of(np.float64(x) * y),
        **SUMS,
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
        **SUMS,
    ),
    "add whole numbers at": Operation(
        lambda x, y: jnp.arange(3).at[index(y)].add(x.ravel()[0].astype(int)), "ff"
    ),
    "add at or drop": Operation(
        lambda x, y: flat(x).at[jnp.asarray([0, 9])].add(first(y), mode="drop"),
        "ff",
        size=largest_of,
        **SUMS,
    ),
    "add at or clip to the last": Operation(
        lambda x, y: flat(x).at[jnp.asarray([0, 9])].add(first(y), mode="clip"),
        "ff",
        size=largest_of,
        **SUMS,
    ),
    "add at a place that moves": Operation(
        lambda x, y: flat(x).at[index(y)].add(first(y)), "ff", size=largest_of, **SUMS
    ),
    "add at or clip": Operation(
        lambda x, y: flat(x).at[index(y)].add(first(y), mode="clip"),
        "ff",
        size=largest_of,
        **SUMS,
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
        **SUMS,
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
        **SUMS,
    ),
}
