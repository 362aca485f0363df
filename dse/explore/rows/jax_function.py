"""A model as a function that JAX differentiates and batches, with rows doing the work.

JAX compiles a call and no more: what is inside is machine code, made in a fraction of
the time, for the values and for their slopes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dse.explore.rows.graph import NotByRowsError
from dse.explore.rows.machine_code import MachineCode
from dse.explore.rows.program import ScalarProgram

Function = Callable[[Mapping[str, Any]], Any]


def in_rows(function: Function, names: Sequence[str], count: int) -> Function:
    """Return a function of named numbers to a vector `[count]`, worked out by rows.

    Its answers are those of `function` in float64, rounded to what JAX asks for. Where
    that holds an operation that rows cannot do, it is returned as it is.
    """
    pulled = [f"pulled {number}" for number in range(count)]

    def in_double(given: Mapping[str, Any]) -> Any:
        return jnp.asarray(function(given)).astype(float)

    def both(given: Mapping[str, Any]) -> Any:
        """Return values, and slopes of their sum weighted by what is pulled back."""
        moved = {name: given[name] for name in names}
        values, pull_back = jax.vjp(in_double, moved)
        (slopes,) = pull_back(jnp.stack([given[name] for name in pulled]))
        return dict(zip(pulled, values, strict=True)) | slopes

    try:
        code = MachineCode(ScalarProgram(both, [*names, *pulled]), np.float64)
        code.prepare()
    except NotByRowsError:
        return function

    def run(numbers: Any, weights: Any, wanted: Sequence[str]) -> Any:
        """Return some answers for vectors `[..., names]` and `[..., pulled]`."""

        def on_host(numbers: Any, weights: Any) -> Any:
            table = np.concatenate([numbers, weights], axis=-1, dtype=float)
            rows = table.reshape(-1, table.shape[-1])
            columns = dict(zip([*names, *pulled], rows.T, strict=True))
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
        return run(numbers, jnp.zeros(count, numbers.dtype), pulled)

    answer.defvjp(
        lambda numbers: (answer(numbers), numbers),
        lambda numbers, weights: (run(numbers, weights, names),),
    )
    return lambda given: answer(jnp.stack([given[name] for name in names]))
