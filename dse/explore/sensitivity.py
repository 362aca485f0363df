"""Sensitivity: by how many percent a metric changes per percent of each number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from dse.engines.base import Engine
from dse.evaluation import Timing, metrics
from dse.explore.objectives import read_objective
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

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
        return both.loc[order[:count]]


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
    logs = {"design": _logs(fields), "technology": _logs(numbers)}
    with jax.enable_x64(True):
        found = _elasticities(logs, design, workload, used, tuple(metrics), timing)
        found = jax.device_get(found)
    return Sensitivity(
        design=pd.DataFrame(found["design"], index=list(metrics)).T,
        technology=pd.DataFrame(found["technology"], index=list(metrics)).T,
    )


def _logs(numbers: dict[str, float]) -> dict[str, float]:
    return {name: float(np.log(number)) for name, number in numbers.items()}


@partial(jax.jit, static_argnames=("names", "timing"))
def _elasticities(
    logs: Any,
    design: Engine,
    workload: Workload,
    technology: Technology,
    names: tuple[str, ...],
    timing: Timing,
) -> Any:
    """Return d log(metric) / d log(number), `[metrics]` for each number.

    Forward mode: one compiled tangent for all numbers, batched.
    """

    def answer(logs: Any) -> Any:
        moved = jax.tree.map(jnp.exp, logs)
        machine = design.replace(**moved["design"])
        own = technology.replace(values=technology.values | moved["technology"])
        found = metrics(machine, workload, own, timing)
        return jnp.log(jnp.stack([getattr(found, name) for name in names]))

    return jax.jacfwd(answer)(logs)
