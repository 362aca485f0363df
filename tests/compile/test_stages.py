"""A program in stages over the blocks of a grid answers what it does in one piece."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from dse.compile import core, stages
from dse.compile.function import CompiledFunction, compile_function
from dse.compile.stages import Stages

AXES = {
    "a": [1.0, 2.0, 5.0],
    "b": [4.0, 8.0],
    "c": [1.0, 3.0, 6.0, 7.0],
    "d": [2.0, 9.0],
}


def answers(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chain that sees little of its inputs, and what tells all apart."""
    fits = jnp.where(given["a"] * given["c"] < 6.0, 1.0, jnp.log(given["b"]))
    turns = jnp.stack([fits, fits * given["b"]])
    for turn in range(8):
        turns = jnp.maximum(turns, turn * 0.5) + jnp.sqrt(turns)
    time = jnp.sum(turns)
    return {"time": time, "energy": time * given["d"] + given["a"], "area": given["c"]}


@pytest.fixture(scope="module")
def program() -> CompiledFunction:
    return compile_function(answers, list(AXES))


@pytest.mark.parametrize("small", [1, 6, 10**6])
@pytest.mark.parametrize("worth_it", [1, 10**6])
@pytest.mark.parametrize("slow", [(), ("b",), ("a", "d"), ("a", "b", "c", "d")])
def test_every_block_has_the_bits_of_the_whole_grid(
    program: CompiledFunction,
    slow: tuple[str, ...],
    small: int,
    worth_it: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stages, "SMALL", small)
    monkeypatch.setattr(core, "WORTH_IT", worth_it)
    grid = np.meshgrid(*AXES.values(), indexing="ij", sparse=True)
    values = dict(zip(AXES, grid, strict=True))
    shape = tuple(map(len, AXES.values()))
    whole = program.grid(values)
    staged = Stages(program, values, slow)
    for digits in product(*(range(len(AXES[name])) for name in slow)):
        corner = dict(zip(slow, digits, strict=True))
        cut = tuple(
            slice(corner[name], corner[name] + 1) if name in corner else slice(None)
            for name in AXES
        )
        for name, found in staged.run(corner).items():
            full = np.broadcast_to(whole[name], shape)[cut]
            np.testing.assert_array_equal(np.broadcast_to(found, full.shape), full)


def test_the_core_is_run_once_for_designs_that_it_cannot_tell_apart(
    program: CompiledFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "SMALL", 1)
    monkeypatch.setattr(core, "WORTH_IT", 10)
    rows: list[int] = []
    told = core.distinct

    def counted(*given: Any) -> Any:
        kinds, one_of = told(*given)
        rows.append(len(one_of))
        return kinds, one_of

    monkeypatch.setattr(core, "distinct", counted)
    grid = np.meshgrid(*AXES.values(), indexing="ij", sparse=True)
    Stages(program, dict(zip(AXES, grid, strict=True)), ()).run({})
    assert rows == [4]  # it fits or not, for each of two values of `b`
