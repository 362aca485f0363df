"""Machines as rows of a table, by the million: metrics, and gradients of them.

A sweep counts through a grid, and works out once what many designs share. Here the rows
may hold any numbers at all, so that the model is compiled for one row after another: 16
at once on a vector unit, all cores side by side, or on the accelerators that JAX has.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict

import jax
import numpy as np
from numpy.typing import ArrayLike

from dse.arguments import flag, one_of, texts
from dse.arrays import Number, Rows
from dse.compile.function import CompiledFunction, compile_function
from dse.compile.rows import Backend, Columns, RowCode
from dse.engines.base import Engine
from dse.errors import InputError, did_you_mean, quoted
from dse.evaluation import Timing
from dse.explore.asked import DesignLike, TechnologyLike, WorkloadLike, read_question
from dse.explore.evaluator import known_metrics
from dse.explore.model import metrics
from dse.explore.objectives import known_metric
from dse.explore.space import WORKLOAD_FIELDS, Space, is_of_workload
from dse.hardware.technology import Technology
from dse.shown import Shown
from dse.workload.ops import Workload

Precision = Literal["single", "double"]

PRECISIONS = {"single": np.float32, "double": np.float64}
BACKENDS = ("llvm", "jax", "numpy")


def compile_model(
    design: DesignLike,
    workload: WorkloadLike,
    *,
    over: Iterable[str] | None = None,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
    precision: Precision = "single",
    fast_math: bool = False,
    backend: Backend | None = None,
) -> CompiledModel:
    """Compile the model of a machine for tables of designs, a design a row.

    `over` names the columns: fields of the design, `batch` or `threshold` of the
    workload (`threshold.0` of its first layer), keys of the technology; all numbers of
    the design where it is left out. What is not named stays as it is. Numbers are
    float32, or float64 with `precision="double"`, at half the rate. `fast_math` takes
    all numbers for finite ones and fuses products with sums: faster by a fifth to a
    quarter, and a row in which something is infinite or NaN answers anything. Rows are
    done by machine code of this processor (`backend="llvm"`), by `jit(vmap(model))` on
    all devices of JAX (`"jax"`), or by NumPy (`"numpy"`); where it is left out, by JAX
    if that has an accelerator, else by LLVM. Raises `InputError` for a name that is
    unknown, or an unknown timing, precision or backend.

    Examples:
        >>> names = ["peak_tops", "batch"]
        >>> model = dse.compile_model("reference:a100", "bert-tiny", over=names)
        >>> found = model({"peak_tops": [300, 300, 600], "batch": [1, 64, 64]})
        >>> found["throughput"].round(-2)
        array([ 1200., 71400., 72800.], dtype=float32)
    """
    design, workload, used = read_question(design, workload, technology, timing)
    one_of("precision", precision, PRECISIONS)
    if backend is not None:
        one_of("backend", backend, BACKENDS)
    asked = design.meanings() if over is None else texts("over", over, "pes")
    names = tuple(dict.fromkeys(asked))
    if not names:
        raise InputError("`over` names no column; leave it out for all of the design.")
    known = [*design.meanings(), *WORKLOAD_FIELDS, *used.values]
    for name in names:
        if name not in known and not is_of_workload(name):
            raise InputError(
                f"`{name}` is no field of `{type(design).__name__}`, of its workload "
                "or of its technology." + did_you_mean(name, known)
            )
    how = How(backend=backend, fast_math=flag("fast_math", fast_math))
    return CompiledModel(design, workload, names, used, timing, precision, how)


class How(TypedDict):
    """By which code rows are done, and whether all their numbers are finite."""

    backend: Backend | None
    fast_math: bool


class CompiledModel(Shown):
    """Metrics of rows, and the gradient of one of them; compiled when first asked for.

    Answers are those of `dse.evaluate`. A number outside the range of its field is not
    refused, and what is infinite or NaN goes its way as it does in NumPy.

    Examples:
        >>> model = dse.compile_model("tile:edge", "bert-tiny", over=["clock_mhz"])
        >>> found = model({"clock_mhz": [200.0, 500.0, 700.0]})
        >>> len(found["energy"])
        3
    """

    def __init__(
        self,
        design: Engine,
        workload: Workload,
        names: tuple[str, ...],
        technology: Technology,
        timing: Timing,
        precision: Precision,
        how: How,
    ) -> None:
        self.names = names
        self._space = Space(design)
        self._workload = workload
        self._technology = technology
        self._timing: Timing = timing
        self._kind = PRECISIONS[precision]
        self._how = how
        self._traced: CompiledFunction | None = None
        self._gradients: dict[str, CompiledFunction] = {}
        self._one_at_a_time = threading.RLock()

    def __call__(self, table: Mapping[str, ArrayLike]) -> Columns:
        """Return the metrics of every row in SI, a column `[rows]` each.

        `table` holds a column `[rows]`, or one number for all rows, for each name of
        `names`. Raises `InputError` for a column that is missing, too short, masked or
        not of numbers.
        """
        return self._run(self._function, table)

    def value_and_gradient(
        self, metric: str, table: Mapping[str, ArrayLike]
    ) -> tuple[Rows, Columns]:
        """Return a metric of every row, and how it changes by each column of `table`.

        Gradients are in SI by the unit of the column; what steps, as a count of tiles
        does, changes as the quotient below it (`dse.smooth`). Raises `InputError` for
        an unknown metric, too.
        """
        found = self._run(self._gradient(metric), table)
        return found.pop(metric), {name: found[f"d_{name}"] for name in self.names}

    @property
    def about(self) -> dict[str, str]:
        """What it is a model of, and how it computes, in words."""
        return {
            "machine": type(self._space.design).__name__,
            "workload": self._workload.name,
            "technology": self._technology.name,
            "columns": ", ".join(self.names),
            "timing": self._timing,
            "numbers": np.dtype(self._kind).name,
            "fast math": "yes" if self._how["fast_math"] else "no",
        }

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that are known here."""
        return sorted(self._function.answers)

    def code(self, metric: str | None = None) -> RowCode:
        """Return what runs rows: to all metrics, or to one and its gradient."""
        function = self._function if metric is None else self._gradient(metric)
        return function.code(self._kind, **self._how)

    def _run(
        self, function: CompiledFunction, table: Mapping[str, ArrayLike]
    ) -> Columns:
        columns = self._columns(table)
        return function.rows(columns, self._kind, **self._how)

    @property
    def _function(self) -> CompiledFunction:
        """The model; of several threads that ask for it one traces it."""
        with self._one_at_a_time:
            if self._traced is None:
                self._traced = compile_function(self._answer, self.names)
            return self._traced

    def _gradient(self, metric: str) -> CompiledFunction:
        known_metric(metric, self.metrics)
        with self._one_at_a_time:
            if metric not in self._gradients:
                self._gradients[metric] = self._function.gradient(metric)
            return self._gradients[metric]

    def _answer(self, given: Mapping[str, Number]) -> dict[str, jax.Array]:
        values = self._technology.values
        drawn = {n: v for n, v in given.items() if n in values}
        moved = {n: v for n, v in given.items() if n not in drawn}
        design, workload = self._space.place(moved, self._workload)
        technology = self._technology.replace(values={**values, **drawn})
        return known_metrics(metrics(design, workload, technology, self._timing))

    def _columns(self, table: Mapping[str, ArrayLike]) -> Columns:
        """Return columns of all rows, or of one number for all."""
        if not hasattr(table, "items"):
            raise InputError(
                f"`table` is {quoted(table)}; give columns by name, as "
                "{'pes': [32, 64]}, or a table of pandas."
            )
        wrong = set(table) ^ set(self.names)
        if wrong:
            name = sorted(map(str, wrong))[0]
            problem = "is missing" if name in self.names else "was not compiled for"
            raise InputError(
                f"column `{name}` {problem}; give {', '.join(self.names)}."
            )
        return {n: self._column(n, values) for n, values in table.items()}

    def _column(self, name: str, values: ArrayLike) -> Rows:
        """Return a column of numbers; raise `InputError` where it holds others."""
        if np.ma.is_masked(values):
            raise InputError(
                f"column `{name}` has masked entries; leave their rows out or fill "
                "them."
            )
        try:
            column = np.atleast_1d(np.asarray(values))
            if column.dtype.kind in "iuf":
                return column.astype(self._kind, copy=False)
        except ValueError:  # rows of different lengths
            pass
        raise InputError(
            f"column `{name}` does not hold numbers; give an array of one a row, or "
            "one number for all."
        )
