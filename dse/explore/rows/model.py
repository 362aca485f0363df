"""Machines as rows of a table, by the million: metrics, and gradients of them.

A sweep counts through a grid, and works out once what many designs share. Here the rows
may hold any numbers at all, so that the model is compiled for one row after another: 16
at once on a vector unit, all cores side by side, or on the accelerators that JAX has.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import jax
import numpy as np

from dse import evaluation
from dse.engines.base import Engine
from dse.errors import InputError, did_you_mean
from dse.evaluation import Timing
from dse.explore.asked import DesignLike, TechnologyLike, WorkloadLike, read_question
from dse.explore.evaluator import known_metrics
from dse.explore.objectives import unknown_metric
from dse.explore.rows.code import Column, Columns, RowCode, compile_rows
from dse.explore.rows.program import ScalarProgram
from dse.explore.space import WORKLOAD_FIELDS, Space, is_of_workload
from dse.hardware.technology import Technology
from dse.shown import Shown
from dse.workload.ops import Workload

Precision = Literal["single", "double"]

PRECISIONS = {"single": np.float32, "double": np.float64}


def compile_model(
    design: DesignLike,
    workload: WorkloadLike,
    *,
    over: Iterable[str] | None = None,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
    precision: Precision = "single",
    fast_math: bool = False,
) -> CompiledModel:
    """Compile the model of a machine for tables of designs, a design a row.

    `over` names the columns: fields of the design, `batch` or `threshold` of the
    workload (`threshold.0` of its first layer), keys of the technology; all numbers of
    the design where it is left out. What is not named stays as it is. Numbers are
    float32, or float64 with `precision="double"`, at half the rate. `fast_math` takes
    all numbers for finite ones and fuses products with sums: faster by a fifth to a
    quarter, and a row in which something is infinite or NaN answers anything. Raises
    `InputError` for a name that is unknown, or an unknown timing or precision.
    """
    design, workload, used = read_question(design, workload, technology, timing)
    if precision not in PRECISIONS:
        raise InputError(
            f"precision {precision!r} is unknown; use 'single' or 'double'."
        )
    names = tuple(dict.fromkeys(design.meanings() if over is None else over))
    if not names:
        raise InputError("`over` names no column; without it, all of the design's do.")
    known = [*design.meanings(), *WORKLOAD_FIELDS, *used.values]
    for name in names:
        if name not in known and not is_of_workload(name):
            raise InputError(
                f"`{name}` is no field of `{type(design).__name__}`, of its workload "
                "or of its technology." + did_you_mean(name, known)
            )
    return CompiledModel(design, workload, names, used, timing, precision, fast_math)


class CompiledModel(Shown):
    """Metrics of rows, and the gradient of one of them; compiled when first asked for.

    Answers are those of `dse.evaluate`. A number outside the range of its field is not
    refused, and what is infinite or NaN goes its way as it does in NumPy.
    """

    def __init__(
        self,
        design: Engine,
        workload: Workload,
        names: tuple[str, ...],
        technology: Technology,
        timing: Timing,
        precision: Precision,
        fast_math: bool,
    ) -> None:
        self.names = names
        self._space = Space(design)
        self._workload = workload
        self._technology = technology
        self._timing: Timing = timing
        self._kind = PRECISIONS[precision]
        self._fast_math = fast_math
        self._made: dict[str | None, RowCode] = {}
        self._one_at_a_time = threading.RLock()

    def __call__(self, table: Mapping[str, Any]) -> Columns:
        """Return the metrics of every row in SI, a column `[rows]` each.

        `table` holds a column `[rows]`, or one number for all rows, for each name of
        `names`. Raises `InputError` for a column that is missing, too short, masked or
        not of numbers.
        """
        return self._code()(*self._rows(table))

    def value_and_gradient(
        self, metric: str, table: Mapping[str, Any]
    ) -> tuple[Column, Columns]:
        """Return a metric of every row, and how it changes by each column of `table`.

        Gradients are in SI by the unit of the column; what steps, as a count of tiles
        does, changes as the quotient below it (`dse.smooth`). Raises `InputError` for
        an unknown metric, too.
        """
        found = self._code(metric)(*self._rows(table))
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
            "fast math": "yes" if self._fast_math else "no",
        }

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that are known here."""
        return sorted(self.program().answers)

    def program(self, metric: str | None = None) -> ScalarProgram:
        """Return what is compiled: for all metrics, or for one and its gradient."""
        return self._code(metric).program

    def _code(self, metric: str | None = None) -> RowCode:
        """Return what is run; of several threads that ask for it one makes it."""
        with self._one_at_a_time:
            if metric not in self._made:
                answer = self._answer if metric is None else self._with_slopes(metric)
                program = ScalarProgram(answer, self.names, fast_math=self._fast_math)
                self._made[metric] = compile_rows(program, self._kind)
            return self._made[metric]

    def _with_slopes(self, metric: str) -> Callable[[Mapping[str, Any]], Any]:
        if metric not in self.metrics:
            raise unknown_metric(metric)

        def slopes(given: Mapping[str, Any]) -> dict[str, Any]:
            value, slope = jax.value_and_grad(lambda g: self._answer(g)[metric])(given)
            return {metric: value, **{f"d_{name}": slope[name] for name in slope}}

        return slopes

    def _answer(self, given: Mapping[str, Any]) -> dict[str, Any]:
        values = self._technology.values
        drawn = {n: v for n, v in given.items() if n in values}
        moved = {n: v for n, v in given.items() if n not in drawn}
        design, workload = self._space.place(moved, self._workload)
        technology = self._technology.replace(values=values | drawn)
        return known_metrics(
            evaluation.metrics(design, workload, technology, self._timing)
        )

    def _rows(self, table: Mapping[str, Any]) -> tuple[Columns, int]:
        """Return columns of all rows or of one number, and how many rows there are."""
        wrong = set(table) ^ set(self.names)
        if wrong:
            name = sorted(wrong)[0]
            problem = "is missing" if name in self.names else "was not compiled for"
            raise InputError(
                f"column `{name}` {problem}; the columns are {', '.join(self.names)}."
            )
        columns = {n: self._column(n, values) for n, values in table.items()}
        counts = {len(column) for column in columns.values()} - {1}
        if len(counts) > 1 or any(column.ndim > 1 for column in columns.values()):
            raise InputError(
                f"columns of {' and '.join(map(str, sorted(counts)))} rows: give each "
                "one number per row, or one number for all."
            )
        return columns, counts.pop() if counts else 1

    def _column(self, name: str, values: Any) -> Column:
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
