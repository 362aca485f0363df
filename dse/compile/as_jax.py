"""A compiled function as one that JAX differentiates and batches, rows doing the work.

JAX compiles a call and no more: what is inside is machine code, made in a fraction of
the time, for the values and for their slopes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dse.compile.rows import RowCode

Function = Callable[[Mapping[str, Any]], Any]


def pulled(count: int) -> list[str]:
    """Return the names of the weights that are pulled back, one for each answer."""
    return [f"pulled {number}" for number in range(count)]


def values_and_slopes(function: Function, names: Sequence[str], count: int) -> Function:
    """Return the values of a vector, and slopes of their sum as weights are pulled."""

    def in_double(given: Mapping[str, Any]) -> Any:
        return jnp.asarray(function(given)).astype(float)

    def both(given: Mapping[str, Any]) -> Any:
        moved = {name: given[name] for name in names}
        values, pull_back = jax.vjp(in_double, moved)
        (slopes,) = pull_back(jnp.stack([given[name] for name in pulled(count)]))
        return dict(zip(pulled(count), values, strict=True)) | slopes

    return both


def as_jax(code: RowCode, names: Sequence[str], count: int) -> Function:
    """Return `code` of `values_and_slopes` as a function of named numbers."""
    weighted = pulled(count)

    def run(numbers: Any, weights: Any, wanted: Sequence[str]) -> Any:
        """Return some answers for vectors `[..., names]` and `[..., pulled]`."""

        def on_host(numbers: Any, weights: Any) -> Any:
            table = np.concatenate([numbers, weights], axis=-1, dtype=float)
            rows = table.reshape(-1, table.shape[-1])
            columns = dict(zip([*names, *weighted], rows.T, strict=True))
            found = code(columns, len(rows))
            answers = np.stack([found[name] for name in wanted], axis=-1)
            shape = (*table.shape[:-1], len(wanted))
            return answers.reshape(shape).astype(numbers.dtype)

        told: Any = jax.ShapeDtypeStruct((len(wanted),), numbers.dtype)  # type: ignore[no-untyped-call]
        return jax.pure_callback(
            on_host, told, numbers, weights, vmap_method="broadcast_all"
        )

    @jax.custom_vjp
    def answer(numbers: Any) -> Any:
        return run(numbers, jnp.zeros(count, numbers.dtype), weighted)

    answer.defvjp(
        lambda numbers: (answer(numbers), numbers),
        lambda numbers, weights: (run(numbers, weights, names),),
    )
    return lambda given: answer(jnp.stack([given[name] for name in names]))
