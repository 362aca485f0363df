"""A program for accelerators: JAX compiles the function it stems from, for many rows.

On a processor `machine_code` is several times as fast, and sooner ready.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from dse.explore.rows.code import Column, Columns
from dse.explore.rows.program import ScalarProgram

AT_ONCE = 2**14  # rows of one call on each device


class DeviceCode:
    """A program on floats of some kind, for any rows; compiled when first run.

    All devices that JAX sees share the rows; their number changes answers by no more
    than some roundings: XLA fuses products with sums as it sees fit.
    """

    def __init__(self, program: ScalarProgram, kind: Any) -> None:
        self.program = program
        self._kind = np.dtype(kind)
        self._devices = jax.devices()
        self._at_once = AT_ONCE * len(self._devices)

    def __call__(self, columns: Mapping[str, Column], count: int) -> Columns:
        """Return the answers of `count` rows, a column each.

        `columns` have as many rows, or one for all.
        """
        names = sorted(self.program.answers)
        found = {name: np.empty(count, self._kind) for name in names}
        given = {n: np.asarray(c, self._kind) for n, c in columns.items()}
        alike = {n: np.broadcast_to(c, (count,)) for n, c in given.items()}
        size = self._at_once
        with jax.enable_x64(self._kind == np.float64):
            for start in range(0, count, size):
                rows = slice(start, start + size)
                part = {n: _padded(c[rows], size) for n, c in alike.items()}
                for name, column in self._run(part).items():
                    rest = found[name][rows]
                    rest[:] = np.asarray(column)[: len(rest)]
        return found

    @cached_property
    def _run(self) -> Callable[[Columns], Mapping[str, Any]]:
        def one(given: Mapping[str, Any]) -> dict[str, Any]:
            answers = self.program.function(given)
            return {n: jnp.asarray(a).astype(self._kind) for n, a in answers.items()}

        mesh = Mesh(self._devices, ("rows",))
        rows = PartitionSpec("rows")  # type: ignore[no-untyped-call]
        shared = jax.shard_map(jax.vmap(one), mesh=mesh, in_specs=rows, out_specs=rows)
        return jax.jit(shared)


def _padded(column: Column, size: int) -> Column:
    """Return a column of as many rows as are done at once; the last row stands in."""
    missing = size - len(column)
    return np.pad(column, (0, missing), mode="edge") if missing else column
