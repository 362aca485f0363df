"""All metrics of one machine after another, in float64, without compiling anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from dse.engines.base import Engine
from dse.evaluation import Metrics, Timing, combine, metrics
from dse.explore.array_program import ArrayProgram
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

_BATCH = "batch of the workload"  # no field of a design has this name


class ExactMetrics:
    """What machines take to run a suite; one program for all machines of one form."""

    def __init__(
        self,
        suite: Sequence[tuple[Workload, float]],
        technology: Technology,
        timing: Timing,
    ) -> None:
        self._suite = suite
        self._technology = technology
        self._timing = timing
        self._programs: dict[Any, ArrayProgram] = {}

    def __call__(self, design: Engine, *, batch: float | None = None) -> Metrics:
        """Return the metrics of a machine; `batch` stands in for that of the suite."""
        numbers = {name: design.number(name) for name in design.meanings()}
        if batch is not None:
            numbers[_BATCH] = batch
        form = (jax.tree.structure(design), batch is None)
        if form not in self._programs:
            self._programs[form] = ArrayProgram(
                lambda given: self._answer(design, given), list(numbers)
            )
        values = {name: np.asarray(number, float) for name, number in numbers.items()}
        found: Metrics = self._programs[form].run(values, dimensions=0)
        return found

    def _answer(self, design: Engine, given: Mapping[str, Any]) -> Metrics:
        fields = {name: number for name, number in given.items() if name != _BATCH}
        machine = design.replace(**fields)
        parts = []
        for workload, _ in self._suite:
            run = workload.replace(batch=given[_BATCH]) if _BATCH in given else workload
            parts.append(metrics(machine, run, self._technology, self._timing))
        return combine(parts, [weight for _, weight in self._suite])
