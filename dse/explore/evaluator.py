"""Designs by index, in float64: the one place where a sweep's answers come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp

from dse.arrays import Rows
from dse.compile.function import CompiledFunction, compile_function
from dse.compile.rows import BATCH, Columns
from dse.evaluation import Metrics
from dse.explore.basis import Basis
from dse.explore.grid import answer_for
from dse.explore.objectives import SHOWN_UNITS, unknown_metric
from dse.explore.space import Space

__all__ = ["BATCH", "Columns", "Evaluator"]


class Evaluator:
    """Evaluates designs of a space by index; `basis` says on what."""

    def __init__(self, space: Space, basis: Basis) -> None:
        self.basis = basis
        self._space = space
        answer = answer_for(space, basis, known_metrics)
        self._function = compile_function(answer, space.names)

    def __call__(self, indices: Rows) -> Columns:
        """Return the metrics of the designs with these indices, as float64 columns."""
        digits = self._space.digits(indices)
        table = {n: self._space.values(n)[at] for n, at in digits.items()}
        found = self._function.rows(table, float, backend="numpy")
        return {n: found[n] for n in SHOWN_UNITS if n in found}  # JAX sorts names

    @property
    def known(self) -> list[str]:
        """Names of the metrics that are known here."""
        answers = self._function.answers
        return [name for name in SHOWN_UNITS if name in answers]

    def metrics(self, wanted: Iterable[str]) -> CompiledFunction:
        """Return the function to some metrics by name, to be asked about grids.

        Raises `InputError` for a metric that is not known here.
        """
        names = sorted(set(wanted))

        def choose(known: dict[str, Any]) -> dict[str, Any]:
            for name in names:
                if name not in known:
                    raise unknown_metric(name)
            return {name: known[name] for name in names}

        return self._function.only(choose)


def known_metrics(found: Metrics) -> dict[str, jax.Array]:
    """Return the metrics that are known, by name."""
    metrics = {name: getattr(found, name) for name in SHOWN_UNITS}
    return {n: jnp.asarray(v) for n, v in metrics.items() if v is not None}
