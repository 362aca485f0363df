"""Uncertainty: error bars on metrics, and how sure a front is, from assumed numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from dse.engines.base import Engine
from dse.errors import InputError
from dse.evaluation import Timing, combine, metrics
from dse.explore.draws import draw_around
from dse.explore.objectives import SHOWN_UNITS, read_objectives, unknown_metric
from dse.explore.pareto import front_mask
from dse.explore.runs import Runs, column_name, from_si_column
from dse.explore.sweep import read_suite
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

Rows = np.ndarray[Any, Any]

SHARE = 0.9  # of the draws, inside an error bar


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Metrics of designs over draws of all assumed numbers.

    `metrics` holds SI columns `[designs, draws]`, `nominal` those of the numbers as
    they stand, `[designs]`. `parameters` maps the key of each number that was drawn to
    its draws `[draws]`. `runs` are the designs, where they came as runs.
    """

    metrics: dict[str, Rows]
    nominal: dict[str, Rows]
    parameters: dict[str, Rows]
    runs: Runs | None = None

    def interval(self, metric: str, share: float = SHARE) -> tuple[Rows, Rows]:
        """Return low and high ends of the middle share of the draws, `[designs]`."""
        tails = 50.0 * (1.0 - share)
        low, high = np.percentile(self._of(metric), [tails, 100.0 - tails], axis=1)
        return low, high

    def to_pandas(self, share: float = SHARE) -> pd.DataFrame:
        """Return a row per design and metric: nominal, median and both ends."""
        parts = []
        for metric, draws in self.metrics.items():
            low, high = self.interval(metric, share)
            columns = {
                "nominal": self.nominal[metric],
                "median": np.median(draws, axis=1),
                "low": low,
                "high": high,
            }
            unit = SHOWN_UNITS[metric]
            shown = {n: from_si_column(c, unit) for n, c in columns.items()}
            head = {"design": np.arange(len(draws)), "metric": column_name(metric)}
            parts.append(pd.DataFrame({**head, **shown}))
        return pd.concat(parts, ignore_index=True)

    def drivers(self, metric: str, design: int = 0) -> pd.Series[float]:
        """Return by how much each drawn number moves a metric, largest first.

        The square of the rank correlation over the draws: about the share of the spread
        that the number alone explains.
        """
        ranks = pd.Series(self._of(metric)[design]).rank()
        found = {
            key: float(np.corrcoef(ranks, pd.Series(draws).rank())[0, 1]) ** 2
            if ranks.std() > 0
            else 0.0
            for key, draws in self.parameters.items()
        }
        return pd.Series(found, dtype=float).sort_values(ascending=False)

    def on_front(self, *objectives: str) -> Rows:
        """Return the probability that each design is on the front of them, `[designs]`.

        The share of the draws in which no other design beats it.
        """
        costs = self._costs(objectives)
        masks = [front_mask(costs[:, :, draw]) for draw in range(costs.shape[2])]
        return np.mean(masks, axis=0)

    def robust_front(self, *objectives: str, share: float = SHARE) -> Runs:
        """Return the front of what each design achieves in a share of the draws.

        Every objective is taken at the end of its draws that only `1 - share` of them
        miss. Raises `InputError` for designs that did not come as runs.
        """
        if self.runs is None:
            raise InputError(
                "a robust front needs runs; give `uncertainty` a front or other runs."
            )
        wanted = read_objectives(objectives)
        cautious = np.percentile(self._costs(objectives), 100.0 * share, axis=2).T
        allowed = np.where((self.runs.reason == "")[:, None], cautious, np.inf)
        return replace(self.runs.take(front_mask(allowed)), objectives=wanted)

    def _costs(self, objectives: Sequence[str]) -> Rows:
        """Return `[objectives, designs, draws]` as costs, moved to designs first."""
        columns = [
            -self._of(o.metric) if o.maximize else self._of(o.metric)
            for o in read_objectives(tuple(objectives))
        ]
        return np.stack(columns, axis=1).transpose(0, 1, 2)

    def _of(self, metric: str) -> Rows:
        if metric not in self.metrics:
            raise unknown_metric(metric)
        return self.metrics[metric]


def uncertainty(
    designs: Engine | Runs,
    workload: Workload | Sequence[Workload],
    *,
    draws: int = 10_000,
    seed: int = 0,
    weights: Sequence[float] | None = None,
    technology: Technology | None = None,
    timing: Timing = "walk",
) -> Uncertainty:
    """Say how sure the metrics of a machine are, or of all machines of some runs.

    Every assumed number of the technology is drawn from its range, the same draws for
    all machines, so that what they share does not blur a comparison. Raises
    `InputError` where nothing is assumed, or where an answer is not finite.
    """
    suite = read_suite(workload, weights)
    if isinstance(designs, Runs):
        base, machines = designs.space.design, _placed(designs, suite)
    else:
        base = designs
        one = [(designs, item) for item, _ in suite]
        machines = [jax.tree.map(lambda x: jnp.asarray(x)[None], pair) for pair in one]
    used = technology or base.default_technology()
    drawn, keys = draw_around(used, count=draws, seed=seed)
    moving = {k: np.ndim(v) > 0 for k, v in drawn.values.items()}
    apart = tuple(sorted(key for key, moves in moving.items() if moves))
    shares = tuple(weight for _, weight in suite)
    found = _over_draws(machines, drawn, apart, shares, timing)
    plain = _over_draws(machines, used, (), shares, timing)
    columns = {n: np.asarray(v, float) for n, v in found.items()}
    for name, values in columns.items():
        if not np.isfinite(values).all():
            raise InputError(
                f"`{name}` is not finite for some draws of {used.name}; narrow the "
                "ranges of its assumed numbers."
            )
    return Uncertainty(
        metrics=columns,
        nominal={n: np.asarray(v, float)[:, 0] for n, v in plain.items()},
        parameters={key: np.asarray(drawn.values[key]) for key in keys},
        runs=designs if isinstance(designs, Runs) else None,
    )


def _placed(runs: Runs, suite: Sequence[tuple[Workload, float]]) -> list[Any]:
    """Return (designs, workloads) of each part of a suite, arrays `[designs, ...]`."""
    digits = runs.space.digits(runs.index)
    moved = {n: jnp.asarray(runs.space.values(n)[at]) for n, at in digits.items()}

    def place(own: dict[str, Any], workload: Workload) -> Any:
        return runs.space.place(runs.space.complete(own), workload)

    return [jax.vmap(partial(place, workload=workload))(moved) for workload, _ in suite]


@partial(jax.jit, static_argnames=("apart", "weights", "timing"))
def _over_draws(
    machines: Any,
    technology: Technology,
    apart: tuple[str, ...],
    weights: tuple[float, ...],
    timing: Timing,
) -> dict[str, Any]:
    """Return metrics `[designs, draws]`, one design after the other."""
    moving = {key: jnp.asarray(technology.values[key]) * 1.0 for key in apart}

    def one(placed: Any) -> dict[str, Any]:
        def answer(drawn: dict[str, Any]) -> dict[str, Any]:
            own = technology.replace(values=technology.values | drawn)
            parts = [metrics(d, w, own, timing) for d, w in placed]
            found = combine(parts, list(weights))
            known = {n: getattr(found, n) for n in SHOWN_UNITS}
            return {n: jnp.asarray(v) for n, v in known.items() if v is not None}

        if not moving:
            return jax.tree.map(lambda x: x[None], answer({}))
        return jax.vmap(answer)(moving)

    found: dict[str, Any] = jax.lax.map(one, machines)
    return found
