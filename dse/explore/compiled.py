"""Machines as rows of a table, by the million: metrics, and gradients of them.

A sweep counts through a grid, and works out once what many designs share. Here the rows
may hold any numbers at all, so that the model is compiled for one row after another, in
float32: 16 of them at once on a vector unit, all cores side by side.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from dse import evaluation
from dse.engines.base import Engine
from dse.errors import InputError, did_you_mean
from dse.evaluation import TIMINGS, Timing
from dse.explore.evaluator import known_metrics
from dse.explore.objectives import unknown_metric
from dse.explore.scalar_program import ScalarProgram
from dse.explore.space import WORKLOAD_FIELDS
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

Column = np.ndarray[Any, np.dtype[np.float32]]
Columns = dict[str, Column]

AT_ONCE = 2**22  # numbers in and out of one call on each device; a thread makes it
IN_CACHE = 2_048  # rows of one turn, whose values between loops stay in the cache


def compile_model(
    design: Engine,
    workload: Workload,
    *,
    over: Iterable[str] | None = None,
    technology: Technology | None = None,
    timing: Timing = "walk",
) -> CompiledModel:
    """Compile the model of a machine for tables of designs, a design a row.

    `over` names the columns: fields of the design, `batch` or `threshold` of the
    workload, keys of the technology; all numbers of the design where it is left out.
    What is not named stays as it is. Raises `InputError` for a name that is unknown, or
    an unknown timing.
    """
    if timing not in TIMINGS:
        raise InputError(f"timing {timing!r} is unknown; use 'walk' or 'roofline'.")
    used = technology or design.default_technology()
    names = tuple(dict.fromkeys(design.meanings() if over is None else over))
    if not names:
        raise InputError("`over` names no column; without it, all of the design's do.")
    known = [*design.meanings(), *WORKLOAD_FIELDS, *used.values]
    for name in names:
        if name not in known:
            raise InputError(
                f"`{name}` is no field of `{type(design).__name__}`, of its workload "
                "or of its technology." + did_you_mean(name, known)
            )
    return CompiledModel(design, workload, names, used, timing)


class CompiledModel:
    """Metrics of rows, and the gradient of one of them; compiled when first asked for.

    Answers are those of `dse.evaluate` in float32. A number outside the range of its
    field is not refused, and a row that is not finite answers anything.
    """

    def __init__(
        self,
        design: Engine,
        workload: Workload,
        names: tuple[str, ...],
        technology: Technology,
        timing: Timing,
    ) -> None:
        self.names = names
        self._design = design
        self._workload = workload
        self._technology = technology
        self._timing: Timing = timing
        self._gradient = cache(self._compile_gradient)

    def __call__(self, table: Mapping[str, Any]) -> Columns:
        """Return the metrics of every row in SI, a column `[rows]` each.

        `table` holds a column `[rows]`, or one number for all rows, for each name of
        `names`. Raises `InputError` for a column that is missing or too short.
        """
        return self._metrics(self._rows(table))

    def value_and_gradient(
        self, metric: str, table: Mapping[str, Any]
    ) -> tuple[Column, Columns]:
        """Return a metric of every row, and how it changes by each column of `table`.

        Gradients are in SI by the unit of the column; what steps, as a count of tiles
        does, changes as the quotient below it (`dse.smooth`). Raises `InputError` for
        an unknown metric, too.
        """
        found = self._gradient(metric)(self._rows(table))
        return found.pop(metric), {name: found[f"d_{name}"] for name in self.names}

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that are known here."""
        return sorted(self.program().answers)

    def program(self, metric: str | None = None) -> ScalarProgram:
        """Return what is compiled: for all metrics, or for one and its gradient."""
        kernel = self._metrics if metric is None else self._gradient(metric)
        return kernel.program

    @cached_property
    def _metrics(self) -> _Kernel:
        return _Kernel(self._answer, self.names)

    def _compile_gradient(self, metric: str) -> _Kernel:
        if metric not in self.metrics:
            raise unknown_metric(metric)

        def slopes(given: Mapping[str, Any]) -> dict[str, Any]:
            value, slope = jax.value_and_grad(lambda g: self._answer(g)[metric])(given)
            return {metric: value, **{f"d_{name}": slope[name] for name in slope}}

        return _Kernel(slopes, self.names)

    def _answer(self, given: Mapping[str, Any]) -> dict[str, Any]:
        fields = self._design.meanings()
        own = {n: v for n, v in given.items() if n in fields}
        run = {n: v for n, v in given.items() if n in WORKLOAD_FIELDS}
        drawn = {n: v for n, v in given.items() if n not in own and n not in run}
        technology = self._technology
        found = evaluation.metrics(
            self._design.replace(**own),
            self._workload.replace(**run) if run else self._workload,
            technology.replace(values=technology.values | drawn),
            self._timing,
        )
        return known_metrics(found)

    def _rows(self, table: Mapping[str, Any]) -> Columns:
        """Return the columns of a table, all of one length."""
        wrong = set(table) ^ set(self.names)
        if wrong:
            name = sorted(wrong)[0]
            problem = "is missing" if name in self.names else "was not compiled for"
            raise InputError(
                f"column `{name}` {problem}; the columns are {', '.join(self.names)}."
            )
        columns = {
            n: np.atleast_1d(np.asarray(v, np.float32)) for n, v in table.items()
        }
        counts = {len(column) for column in columns.values()} - {1}
        if len(counts) > 1 or any(column.ndim > 1 for column in columns.values()):
            raise InputError(
                f"columns of {' and '.join(map(str, sorted(counts)))} rows: give each "
                "one number per row, or one number for all."
            )
        count = counts.pop() if counts else 1
        return {n: np.broadcast_to(column, (count,)) for n, column in columns.items()}


class _Kernel:
    """A function of named numbers, compiled for a fixed number of rows."""

    def __init__(
        self,
        function: Callable[[Mapping[str, Any]], dict[str, Any]],
        names: tuple[str, ...],
    ) -> None:
        self.program = ScalarProgram(function, names)
        self.names = sorted(self.program.answers)
        self._devices = jax.devices()
        turns = max(AT_ONCE // len([*names, *self.names]) // IN_CACHE, 1)
        self._at_once = turns * IN_CACHE * len(self._devices)

    def __call__(self, columns: Columns) -> Columns:
        """Return the answers for columns `[rows]`, a column each."""
        count = len(next(iter(columns.values())))
        found = {name: np.empty(count, np.float32) for name in self.names}
        run, size = self._run, self._at_once

        def do(start: int) -> None:
            rows = slice(start, start + size)
            part = {n: _padded(c[rows], size) for n, c in columns.items()}
            for name, column in zip(self.names, run(part), strict=True):
                rest = found[name][rows]
                rest[:] = np.asarray(column)[: len(rest)]

        with ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(do, range(0, count, size)))
        return found

    @cached_property
    def _run(self) -> Callable[[Columns], list[Any]]:
        def run(columns: dict[str, Any]) -> list[Any]:
            turns = {n: c.reshape(-1, IN_CACHE) for n, c in columns.items()}
            return [c.ravel() for c in jax.lax.map(self.program, turns)]

        if len(self._devices) > 1:  # each works on its share of the rows
            mesh = Mesh(self._devices, ("rows",))
            rows = PartitionSpec("rows")  # type: ignore[no-untyped-call]
            run = jax.shard_map(run, mesh=mesh, in_specs=rows, out_specs=rows)
        column: Any = jax.ShapeDtypeStruct((self._at_once,), np.float32)  # type: ignore[no-untyped-call]
        example = dict.fromkeys(self.program.names, column)
        with jax.enable_x64(False):
            return jax.jit(run).lower(example).compile(compiler_options=xla_options())


def xla_options() -> Any:
    """Return how XLA compiles for a CPU: wide vectors, and no value found twice.

    A value that `optimization_barrier` keeps in memory is kept only if XLA does not
    expand the barrier before it joins loops; else it is worked out anew in every loop.
    """
    if jax.default_backend() != "cpu":
        return {}
    return {
        "xla_cpu_prefer_vector_width": 512,
        "xla_disable_hlo_passes": "cse_barrier_expander",
    }


def _singles(numbers: Any) -> Column:
    return np.asarray(numbers, np.float32)


def _padded(column: Column, size: int) -> Column:
    """Return a column of as many rows as are done at once; the last row stands in."""
    missing = size - len(column)
    return np.pad(column, (0, missing), mode="edge") if missing else column
