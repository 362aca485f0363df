"""What the machine could do: arithmetic without anything else, and streaming memory.

Measured in this process with what compiled models use: loops over columns of float32
that XLA fused. A model's rate can be held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.speed.table import cpu_seconds
from dse.explore.compiled import IN_CACHE, xla_options
from dse.explore.scalar_program import WRITTEN

CHAIN = 256  # operations of one kind in a loop, on each number
BESIDE = 8  # of them that do not wait for each other
TAKEN = 3  # numbers that they take in turn, so that none can be left out
ROUNDS = 64  # of that, without leaving XLA


class Step(NamedTuple):
    """An operation on `x` and a number beside it, and what it needs to stay near 1."""

    do: Callable[[Any, Any], Any]
    with_it: str | None = None


_STEPS = {
    "add": Step(lambda x, b: x + b),
    "mul": Step(lambda x, b: x * b),
    "max": Step(lambda x, b: WRITTEN["max"](x, b)),
    "select_n": Step(lambda x, b: WRITTEN["select_n"](b > 1.0, x, b)),
    "div": Step(lambda x, b: b / (x + b), "add"),
    "ceil": Step(lambda x, b: WRITTEN["ceil"](x) * b, "mul"),
    "sqrt": Step(lambda x, b: WRITTEN["sqrt"](x) * b, "mul"),
    "exp": Step(lambda x, b: WRITTEN["exp"](x - b), "add"),
    "log": Step(lambda x, b: WRITTEN["log"](x) + b, "add"),
}
_LIKE = {"min": "max", "floor": "ceil", "round": "ceil", "lgamma": "log"}
_DEAR = {"exp", "log"}


@cache
def seconds_of_one(kind: str) -> float:
    """Return the CPU seconds of one operation of a kind on one number, fused.

    Comparisons, signs and the like count as additions, which they resemble.
    """
    kind = _LIKE.get(kind, kind if kind in _STEPS else "add")
    step = _STEPS[kind]
    spent = _seconds(step.do, CHAIN // 8 if kind in _DEAR else CHAIN)
    other = seconds_of_one(step.with_it) if step.with_it else 0.0
    return max(spent - other, 0.0)


@cache
def peak() -> float:
    """Return multiplications and additions per CPU second, fused, one after another."""

    return 2.0 / _seconds(lambda x, b: x * b + b, CHAIN // 2)


def bandwidth() -> float:
    """Return bytes per CPU second of adding arrays that no cache holds."""
    count = 2**24
    a, b, c = (np.full(count, 1.5, np.float32) for _ in range(3))
    spent = cpu_seconds(lambda: np.add(a, b, out=c))
    return 3.0 * a.nbytes / spent


def limit(operations: Mapping[str, int]) -> float:
    """Return designs per CPU second if nothing but arithmetic took any time.

    Each operation takes what its kind takes in a loop of that kind alone.
    """
    spent = sum(count * seconds_of_one(kind) for kind, count in operations.items())
    return 1.0 / spent


def _seconds(do: Callable[[Any, Any], Any], length: int) -> float:
    """Return the CPU seconds that a step of a chain takes on one number."""
    random = np.random.default_rng(0)
    columns = [
        jnp.asarray(random.uniform(1.0 - 1e-6, 1.0 + 1e-6, IN_CACHE), np.float32)
        for _ in range(BESIDE + TAKEN)
    ]

    def chain(columns: Any) -> Any:
        started, taken = list(columns[:BESIDE]), columns[BESIDE:]
        for turn in range(length):
            other = taken[turn // BESIDE % TAKEN]
            started[turn % BESIDE] = do(started[turn % BESIDE], other)
        total = sum(started)  # in one loop; without it, there would be one for each
        return [*(total / BESIDE for _ in started), *taken]

    def run(columns: Any) -> Any:
        return jax.lax.fori_loop(0, ROUNDS, lambda _, c: chain(c), columns)

    made = jax.jit(run).lower(columns).compile(compiler_options=xla_options())
    spent = cpu_seconds(lambda: jax.block_until_ready(made(columns)))
    return spent / ROUNDS / IN_CACHE / length
