"""What is legal in JAX is answered as JAX answers it, by every reader of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from dse.compile.function import compile_function
from dse.compile.machine_code import MachineCode

INF, NAN = np.inf, np.nan
Case = tuple[Callable[[Any], Any], list[float], list[float]]
CASES: dict[str, Case] = {
    "a square of what is below 0": (lambda x: (x - 3.0) ** 2.0, [1, 2, 4], [4, 1, 1]),
    "a cube of what is below 0": (lambda x: x**3.0, [-2, 0, 2], [-8, 0, 8]),
    "a fraction as a power": (lambda x: x**0.5, [-4, 4, -INF], [NAN, 2, INF]),
    "0 as a power": (lambda x: x**0.0, [0, NAN, INF], [1, 1, 1]),
    "powers that move": (
        lambda y: jnp.power(-2.0, y),
        [3, 2, 0.5, 0, -1],
        [-8, 4, NAN, 1, -0.5],
    ),
    "powers of 1": (lambda y: jnp.power(1.0, y), [NAN, INF, 3], [1, 1, 1]),
    "halves, away from 0": (
        lax.round,
        [0.5, 2.5, -2.5, -0.3, 0.49999997],
        [1, 3, -3, 0, 0],
    ),
    "halves, to even": (jnp.round, [0.5, 2.5, -2.5], [0, 2, -2]),
    "the logarithm of gamma below 0": (
        lax.lgamma,
        [-0.5, -1.5, -1, 0, -INF],
        [1.2655121234846454, 0.8600470153764810, INF, INF, INF],
    ),
    "its slope below 0": (lax.digamma, [-0.25, -1], [2.9141391202135245, NAN]),
    "whole numbers of 64 bits": (
        lambda x: x.astype(jnp.int64),
        [3e9, -3e9, 1e300, NAN],
        [3e9, -3e9, 2.0**63, 0],
    ),
    "whole numbers of 32 bits": (
        lambda x: x.astype(jnp.int32),
        [3e9, -3e9, -2.7, NAN],
        [2.0**31, -(2.0**31), -2, 0],
    ),
    "the larger of NaN and 1": (lambda x: jnp.maximum(x, 1.0), [NAN, 0], [NAN, 1]),
    "the less of 1 and NaN": (lambda x: jnp.minimum(1.0, x), [NAN, 2], [NAN, 1]),
    "the larger of two that move": (
        lambda x: jnp.maximum(x, 1.0 / x - 1.0),
        [NAN, INF, 0.25],
        [NAN, INF, 3],
    ),
    "between NaN and 2": (lambda x: jnp.clip(x, 0.0, 2.0), [NAN, INF], [NAN, 2]),
    "0 times infinity": (lambda x: x * 0 + 1, [INF, NAN, 2], [NAN, NAN, 1]),
    "0 over 0": (lambda x: 0.0 / x, [0, NAN, 2], [NAN, NAN, 0]),
    "infinity less itself": (lambda x: x - x, [INF, NAN, 2], [NAN, NAN, 0]),
    "the sign of 0": (lambda x: 1.0 / (x + 0.0), [-0.0, 0.0], [INF, INF]),
    "the sign of NaN": (jnp.sign, [NAN, -0.5, 0], [NAN, -1, 0]),
    "equal to NaN": (lambda x: jnp.where(x == x, 1.0, 0.0), [NAN, 1], [0, 1]),
    "the place of the largest": (
        lambda x: jnp.argmax(jnp.stack([x, 1.0 + 0.0 * x, jnp.sqrt(x)])),
        [2, -1, 0],
        [0, 2, 1],
    ),
    "the largest of three": (
        lambda x: jnp.max(jnp.stack([x, 2.0 * x, jnp.sqrt(x)])),
        [4, -1],
        [8, NAN],
    ),
    "a slope that is cut off": (
        jax.grad(lambda x: jnp.maximum(x, 2.0) * x),
        [1, 3, NAN],
        [2, 6, NAN],
    ),
    "tanh at its ends": (jnp.tanh, [INF, -INF, NAN, -0.0], [1, -1, NAN, 0]),
    "expm1 at its ends": (jnp.expm1, [INF, -INF, NAN], [INF, -1, NAN]),
    "log1p at its ends": (jnp.log1p, [INF, -1, -2], [INF, -INF, NAN]),
    "exp at its ends": (jnp.exp, [INF, -INF, NAN, 1e4], [INF, 0, NAN, INF]),
    "the next number": (
        lambda x: jnp.nextafter(x, 2.0) - x > 0.0,
        [1, 2, 3, NAN],
        [1, 0, 0, 0],
    ),
    "how many of some are true": (
        lambda x: jnp.mean(jnp.stack([x > 0.0, x > 1.0])),  # a float32
        [-1, 0.5, 2, NAN],
        [0, 0.5, 1, 0],
    ),
    "a whole number": (
        lambda x: jnp.sum(jnp.stack([x > 0.0, x > 1.0])),
        [0, 2],
        [0, 2],
    ),
    "a place beyond a table": (
        lambda x: jnp.asarray([3.0, 5.0, 7.0])[x.astype(int)],
        [-1, 0, 9, NAN],
        [7, 3, 7, 3],
    ),
}


def by_grid(function: Callable[[Any], Any], x: Any) -> Any:
    found = compile_function(lambda given: function(given["x"]), ["x"])
    return np.broadcast_to(found.grid({"x": x}), x.shape)


def _columns(x: Any, kind: Any) -> Any:
    with np.errstate(over="ignore"):
        return {"x": x.astype(kind)}


def by_rows(kind: Any) -> Callable[[Callable[[Any], Any], Any], Any]:
    def run(function: Callable[[Any], Any], x: Any) -> Any:
        program = compile_function(lambda given: {"0": function(given["x"])}, ["x"])
        return MachineCode(program, kind)(_columns(x, kind), len(x))["0"]

    return run


def by_devices(function: Callable[[Any], Any], x: Any) -> Any:
    program = compile_function(lambda given: {"0": function(given["x"])}, ["x"])
    return program.code(float, backend="jax")({"x": x}, len(x))["0"]


def by_jax_function(function: Callable[[Any], Any], x: Any) -> Any:
    def vector(given: Any) -> Any:
        return jnp.stack([function(given["x"])])

    with jax.enable_x64(True):
        return jax.vmap(compile_function(vector, ["x"]).as_jax())({"x": x})[:, 0]


READERS = {
    "grid": by_grid,
    "rows of double precision": by_rows(np.float64),
    "rows of single precision": by_rows(np.float32),
    "devices": by_devices,
    "a function of JAX": by_jax_function,
}


# What XLA does in its own way once it compiles, and what JAX has no slope of.
NOT_ASKED = {"devices": {"the sign of 0"}, "a function of JAX": {"the next number"}}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_answers_as_jax_does(reader: str) -> None:
    wrong = {}
    for name in CASES.keys() - NOT_ASKED.get(reader, set()):
        function, numbers, wanted = CASES[name]
        found = np.asarray(READERS[reader](function, np.asarray(numbers, float)), float)
        if not np.allclose(found, wanted, rtol=1e-6, atol=0.0, equal_nan=True):
            wrong[name] = found.tolist(), wanted
    assert not wrong


@pytest.mark.parametrize("name", CASES)
def test_that_is_what_jax_answers(name: str) -> None:
    function, numbers, wanted = CASES[name]
    function, numbers, wanted = CASES[name]
    with jax.enable_x64(True):
        found = jax.vmap(function)(jnp.asarray(numbers, float))
    np.testing.assert_allclose(np.asarray(found, float), wanted, rtol=1e-9)
