"""Functions that rows work out and JAX differentiates, batches and tunes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dse.compile.function import compile_function
from dse.smooth import ceil_div

NAMES = ["width", "pulled number", "a"]  # whose order is not that of the alphabet


def function(given: Any) -> Any:
    width, b, a = (given[name] for name in NAMES)
    return jnp.stack([a * width**2 / b, jnp.maximum(a, b) + ceil_div(width, a)])


def points(count: int) -> dict[str, Any]:
    shares = np.random.default_rng(0).uniform(1.0, 9.0, (len(NAMES), count))
    return dict(zip(NAMES, jnp.asarray(shares, jnp.float32), strict=True))


def test_values_and_slopes_are_those_of_jax_however_deep_the_batch() -> None:
    by_rows = compile_function(function, NAMES).as_jax()
    given = points(24)
    np.testing.assert_allclose(
        jax.vmap(by_rows)(given), jax.vmap(function)(given), rtol=1e-6
    )
    blocks = {name: column.reshape(2, 3, 4) for name, column in given.items()}
    deep = jax.jit(jax.vmap(jax.vmap(jax.vmap(jax.jacrev(by_rows)))))(blocks)
    wanted = jax.vmap(jax.jacrev(function))(given)
    for name in NAMES:
        np.testing.assert_allclose(
            deep[name].reshape(24, 2), wanted[name], rtol=1e-5, atol=1e-6
        )


def test_what_is_the_same_in_all_of_a_batch_stays_a_single_number() -> None:
    by_rows = compile_function(function, NAMES).as_jax()
    given = points(5)

    def with_one_width(a: Any, b: Any) -> Any:
        return by_rows({"width": jnp.asarray(3.0), "pulled number": b, "a": a})[0]

    slope = jax.vmap(jax.grad(with_one_width))(given["a"], given["pulled number"])
    np.testing.assert_allclose(slope, 9.0 / given["pulled number"], rtol=1e-6)


@pytest.mark.parametrize("beyond", [jax.lax.erf, lambda x: jnp.sort(x[None])[0]])
def test_what_rows_cannot_do_is_left_to_jax(beyond: Any) -> None:
    def own(given: Any) -> Any:
        return jnp.stack([beyond(given["x"])])

    assert compile_function(own, ["x"]).as_jax() is own
