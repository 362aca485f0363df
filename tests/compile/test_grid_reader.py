"""Traced functions run by NumPy: the same answers as JAX, on grids and alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.special import ndtri
from jax.scipy.stats import norm

from dse.compile import trace as tracing
from dse.compile.function import CompiledFunction, compile_function
from dse.errors import InputError
from dse.smooth import ceil, ceil_div

TABLE = jnp.asarray([3.0, 1.0, 4.0, 1.5])
FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "arithmetic": lambda x, y: (x + y) * x / y - x**2 + jnp.sqrt(y) + x**y,
    "logarithms": lambda x, y: jnp.log(x) + jnp.exp(-y) + jnp.log1p(x) + jnp.expm1(y),
    "choices": lambda x, y: jnp.where(x > y, x, jnp.minimum(y, 3.0)),
    "rounding": lambda x, y: ceil(x) + ceil_div(jnp.floor(7 * x), 2.0) + jnp.round(y),
    "a table": lambda x, y: TABLE[(x + y).astype(int) % 4],
    "a table that moves": lambda x, y: (TABLE * x)[y.astype(int)],
    "vectors": lambda x, y: (jnp.arange(5.0) * x).reshape(5, 1) @ jnp.ones((1, 2)) + y,
    "pieces": lambda x, y: jnp.concatenate([jnp.stack([x, y]), jnp.ones(3) * x])[1:4],
    "sums": lambda x, y: jnp.sum(jnp.stack([x, y, x * y, y / 3, x / 7, x, y, x, y])),
    "no rule of ours": lambda x, y: jnp.sort(jnp.stack([x, y, x - y]))[::-1],
    "vmap": lambda x, y: jax.vmap(lambda t: t * x + jnp.max(jnp.stack([y, t])))(TABLE),
    "a short loop": lambda x, y: jax.lax.fori_loop(0, 3, lambda i, c: c * x + y, x),
    "a long loop": lambda x, y: jax.lax.scan(
        lambda c, t: (c * 0.9 + t * x, c), y, jnp.arange(40.0)
    ),
    "a loop that counts, gives rows and runs backwards": lambda x, y: jax.lax.scan(
        lambda c, t: (c + t * x * y, (c, t)), y, TABLE, reverse=True
    ),
    "what JAX versions write in their own ways": lambda x, y: (
        jnp.log2(x) + ndtri(y / 4.0) + jax.grad(norm.cdf)(x) + jax.grad(ndtri)(y / 4.0)
    ),
    "nothing that moves": lambda x, y: jnp.sum(TABLE),
}
X = np.asarray([0.3, 1.0, 2.7])
Y = np.asarray([1.2, 2.0, 3.4, 0.5])


def program(function: Callable[[Any, Any], Any]) -> CompiledFunction:
    return compile_function(lambda given: function(given["x"], given["y"]), ["x", "y"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_grid_holds_what_jax_says_of_each_point(name: str) -> None:
    function = FUNCTIONS[name]
    found = program(function).grid({"x": X[:, None], "y": Y[None, :]})
    with jax.enable_x64(True):
        by_y = jax.vmap(function, in_axes=(None, 0), out_axes=-1)
        grid = jax.jit(jax.vmap(by_y, in_axes=(0, None), out_axes=-2))(X, Y)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(grid), strict=True):
        full = np.broadcast_to(ours, theirs.shape)
        np.testing.assert_allclose(full, theirs, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_point_alone_has_the_same_bits_as_in_a_grid(name: str) -> None:
    traced = program(FUNCTIONS[name])
    grid = traced.grid({"x": X[:, None], "y": Y[None, :]})
    for i, x in enumerate(X):
        for j, y in enumerate(Y):
            alone = traced.grid({"x": np.asarray(x), "y": np.asarray(y)})
            for one, many in zip(
                jax.tree.leaves(alone), jax.tree.leaves(grid), strict=True
            ):
                full = np.broadcast_to(many, (*many.shape[:-2], len(X), len(Y)))
                np.testing.assert_array_equal(one, full[..., i, j])


def test_what_does_not_depend_on_an_axis_is_not_repeated_along_it() -> None:
    traced = program(lambda x, y: (jnp.log(x), x * y))
    alone, both = traced.grid({"x": X[:, None], "y": Y[None, :]})
    assert alone.shape == (3, 1)
    assert both.shape == (3, 4)


def test_what_stands_twice_in_a_model_is_done_once() -> None:
    once = program(lambda x, y: jnp.log(x) * y)
    twice = program(lambda x, y: jnp.log(x) * y + jnp.log(x) * y)
    assert twice.count().total() == once.count().total() + 1


def test_part_of_the_answers_needs_part_of_the_steps() -> None:
    traced = program(lambda x, y: {"cheap": x + y, "dear": jnp.log(x * jnp.exp(y))})
    cheap = traced.only(lambda answers: answers["cheap"])
    assert cheap.uses() == {"x": (1, 1), "y": (1, 1)}
    assert traced.uses() == {"x": (2, 3), "y": (2, 4)}
    np.testing.assert_array_equal(cheap.grid({"x": X, "y": X}), X + X)


def test_a_version_of_jax_with_other_parameters_is_refused_with_those_that_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(tracing._INLINED, "jit", "renamed")
    with pytest.raises(InputError, match=r"`jit` has no parameter `renamed`.*jax<0"):
        program(lambda x, y: jax.jit(lambda z: z * y)(x))
