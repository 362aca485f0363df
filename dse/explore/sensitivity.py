"""Sensitivity: by how many percent a metric changes per percent of each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from dse import evaluation
from dse.engines.base import Engine
from dse.evaluation import Timing
from dse.explore.array_program import ArrayProgram
from dse.explore.objectives import read_objective
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

Rows = np.ndarray[Any, Any]

METRICS = ("latency", "energy", "power", "area")


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Elasticities d log(metric) / d log(number): -0.5 is 5 % less for 10 % more.

    `design` and `technology` have a row per number and a column per metric. Counts are
    taken as numbers that could have any value.
    """

    design: pd.DataFrame
    technology: pd.DataFrame

    def to_pandas(self) -> pd.DataFrame:
        """Return a row per number, with `of` saying whose it is."""
        parts = {"design": self.design, "technology": self.technology}
        return pd.concat(parts, names=["of", "number"]).reset_index()

    def largest(self, metric: str, count: int = 12) -> pd.Series[float]:
        """Return the elasticities of a metric, the largest of either sign first."""
        both = pd.concat([self.design[metric], self.technology[metric]])
        order = both.abs().sort_values(ascending=False, kind="stable").index
        return pd.Series(both.loc[order[:count]])


def sensitivity(
    design: Engine,
    workload: Workload,
    *,
    metrics: Sequence[str] = METRICS,
    technology: Technology | None = None,
    timing: Timing = "walk",
) -> Sensitivity:
    """Say which numbers of a machine and its technology a metric hangs on.

    One derivative of the model for every number above 0, in float64. Numbers of a
    choice have none. Raises `InputError` for an unknown metric.
    """
    for name in metrics:
        read_objective(f"min:{name}")
    used = technology or design.default_technology()
    fields = {
        name: float(design.number(name))
        for name, meaning in design.meanings().items()
        if not meaning.choices and float(design.number(name)) > 0
    }
    numbers = {key: float(v) for key, v in used.values.items() if float(v) > 0}
    found = _elasticities(design, workload, used, fields, numbers, metrics, timing)
    return Sensitivity(
        design=_table(fields, found, metrics, 0),
        technology=_table(numbers, found, metrics, len(fields)),
    )


def _table(
    numbers: dict[str, float], found: Rows, metrics: Sequence[str], first: int
) -> pd.DataFrame:
    rows = found[:, first : first + len(numbers)].T
    return pd.DataFrame(rows, index=list(numbers), columns=list(metrics))


def _elasticities(
    design: Engine,
    workload: Workload,
    technology: Technology,
    fields: dict[str, float],
    numbers: dict[str, float],
    names: Sequence[str],
    timing: Timing,
) -> Rows:
    """Return d log(metric) / d log(number), `[metrics, numbers]`, in forward mode."""
    values = np.asarray([*fields.values(), *numbers.values()])

    def answer(logs: Any) -> Any:
        moved = dict(enumerate(jnp.exp(logs)))
        machine = design.replace(**{n: moved[i] for i, n in enumerate(fields)})
        own = {k: moved[len(fields) + i] for i, k in enumerate(numbers)}
        drawn = technology.replace(values=technology.values | own)
        found = evaluation.metrics(machine, workload, drawn, timing)
        return jnp.log(jnp.stack([getattr(found, name) for name in names]))

    def slopes(given: Mapping[str, Any]) -> Any:
        logs = jnp.log(jnp.asarray(values)) * given["one"]
        return jax.jacfwd(answer)(logs)

    # Traced, and run once by NumPy: compiling would take a hundred times as long.
    found = ArrayProgram(slopes, ["one"]).run({"one": np.ones(1)}, dimensions=1)
    return np.asarray(found)[..., 0]
