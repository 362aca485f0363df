"""What runs a function over the rows of a table: machine code, JAX's devices, or NumPy.

None of them lets a row's answer depend on other rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import DTypeLike

from dse.errors import InputError

if TYPE_CHECKING:
    from dse.compile.function import CompiledFunction

Backend = Literal["llvm", "jax", "numpy"]
Column = np.ndarray
Columns = dict[str, Column]
RowCode = Callable[[Mapping[str, Column], int], Columns]

BATCH = 4096  # rows that NumPy does at once, so that what it makes stays in the cache
AT_ONCE = 2**20  # rows of one call of JAX on each device


def compile_rows(
    function: CompiledFunction,
    kind: DTypeLike,
    backend: Backend | None,
    fast_math: bool,
) -> RowCode:
    """Return what runs a function over columns of floats of some kind."""
    backend = backend or _default_backend()
    if backend == "jax":
        return by_jax(function, kind)
    if backend == "numpy":
        return by_numpy(function, kind)
    from dse.compile.machine_code import MachineCode

    return MachineCode(function, kind, fast_math=fast_math)


def _default_backend() -> Backend:
    return "jax" if jax.default_backend() != "cpu" else on_host()


def on_host() -> Backend:
    """Return what works rows out on this processor; a note is given without LLVM."""
    if find_spec("llvmlite") is not None:
        return "llvm"
    warnings.warn(
        "llvmlite is not installed: rows are worked out by NumPy, some hundred times "
        "slower. Install it with `pip install llvmlite`.",
        stacklevel=2,
    )
    return "numpy"


def count_rows(columns: Mapping[str, Column]) -> int:
    """Return of how many rows columns are; those of one number are for all rows.

    Raises `InputError` where they do not agree.
    """
    counts = {len(column) for column in columns.values()} - {1}
    if len(counts) > 1 or any(column.ndim > 1 for column in columns.values()):
        raise InputError(
            f"columns of {' and '.join(map(str, sorted(counts)))} rows: give each "
            "one number per row, or one number for all."
        )
    return counts.pop() if counts else 1


def by_numpy(function: CompiledFunction, kind: DTypeLike) -> RowCode:
    """Return what runs rows by NumPy: in float64, with the bits of a grid."""

    def rows(columns: Mapping[str, Column], count: int) -> Columns:
        found = {name: np.empty(count, kind) for name in function.answers}
        for start in range(0, count, BATCH):
            part = slice(start, start + BATCH)
            axes = {n: c if len(c) == 1 else c[part] for n, c in columns.items()}
            for name, column in function.grid(axes).items():
                found[name][part] = column
        return found

    return rows


def by_jax(function: CompiledFunction, kind: DTypeLike) -> RowCode:
    """Return what runs rows by `jit(vmap(function))`, all devices sharing them.

    XLA fuses products with sums as it sees fit: some roundings are another.
    """
    mesh = Mesh(jax.devices(), ("rows",))
    shared = NamedSharding(mesh, PartitionSpec("rows"))  # type: ignore[no-untyped-call]
    most = AT_ONCE * mesh.size

    def one(given: Mapping[str, Any]) -> dict[str, Any]:
        answers = function.function(given)
        return {
            name: jnp.asarray(a).astype(np.dtype(kind)) for name, a in answers.items()
        }

    run = jax.jit(jax.vmap(one), in_shardings=shared, out_shardings=shared)

    def rows(columns: Mapping[str, Column], count: int) -> Columns:
        full = {n: np.broadcast_to(c, (count,)) for n, c in columns.items()}
        parts: list[Mapping[str, Any]] = []
        with jax.enable_x64(kind == np.float64):
            for start in range(0, count, most):
                size = min(most, count - start)
                # A power of 2, so that tables of many lengths share few programs.
                missing = (
                    mesh.size * 2 ** (-(-size // mesh.size) - 1).bit_length() - size
                )
                rest = {n: c[start : start + size] for n, c in full.items()}
                filled = {n: np.pad(c, (0, missing), "edge") for n, c in rest.items()}
                parts.append({n: c[:size] for n, c in run(filled).items()})
        return {
            n: np.concatenate([part[n] for part in parts]) for n in function.answers
        }

    return rows
