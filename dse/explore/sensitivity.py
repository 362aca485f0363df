"""Sensitivity: by how many percent a metric changes per percent of each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import numpy as np
import pandas as pd

from dse.arguments import count as read_count
from dse.arguments import texts
from dse.errors import InputError
from dse.evaluation import Timing
from dse.explore.asked import DesignLike, TechnologyLike, WorkloadLike, read_question
from dse.explore.objectives import known_metric, read_objectives, unknown_metric
from dse.explore.slopes import slopes
from dse.shown import Shown

METRICS = ("latency", "energy", "power", "area")


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Shown):
    """Elasticities d log(metric) / d log(number): -0.5 is 5 % less for 10 % more.

    `design` and `technology` have a row per number and a column per metric. Along the
    numbers of `whole`, which count whole things, a metric is a staircase: they are
    taken as numbers that could have any value, and the elasticity is that of the line
    through the steps. `units` are those of the numbers of the design.

    Examples:
        >>> found = dse.sensitivity("tile:edge", "bert-tiny")
        >>> len(found.largest("energy", 3))
        3
    """

    design: pd.DataFrame
    technology: pd.DataFrame
    whole: tuple[str, ...]
    units: Mapping[str, str]

    def to_pandas(self) -> pd.DataFrame:
        """Return a row per number, with `of` saying whose it is."""
        parts = {"design": self.design, "technology": self.technology}
        return pd.concat(parts, names=["of", "number"]).reset_index()

    def largest(self, metric: str, count: int = 12) -> pd.Series[float]:
        """Return the elasticities of a metric, the largest of either sign first."""
        count = read_count("count", count)
        known_metric(metric, self.design.columns)
        both = pd.concat([self.design[metric], self.technology[metric]])
        order = both.abs().sort_values(ascending=False, kind="stable").index
        return pd.Series(both.loc[order[:count]])


def sensitivity(
    design: DesignLike,
    workload: WorkloadLike,
    *,
    metrics: Sequence[str] = METRICS,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
) -> Sensitivity:
    """Say which numbers of a machine and its technology a metric depends on.

    Those of every number above 0, in float64. Numbers of a choice have none. Raises
    `InputError` for a metric that is unknown, not known here, or 0, of which there are
    no percents.

    Examples:
        >>> found = dse.sensitivity("tile:edge", "bert-tiny")
        >>> found.largest("area", 3).round(2).to_dict()
        {'tile_size': 0.84, 'pes': 0.76, 'fraction_bits': 0.71}
    """
    read_objectives(tuple(f"min:{m}" for m in texts("metrics", metrics, "energy")))
    given = read_question(design, workload, technology, timing)
    machine, _, used = given
    meanings, names = machine.meanings(), machine.names_of_leaves()
    leaves, form = jax.tree.flatten(given)
    own, drawn = len(names), len(used.values)
    first = len(leaves) - drawn
    moving = (*range(own), *range(first, len(leaves)))
    found = slopes(leaves, form, moving, timing)
    numbers = np.asarray([leaves[place] for place in moving], float)
    columns = {}
    for name in metrics:
        known_metric(name, found["known_slopes"])
        value = float(getattr(found["metrics"], name))
        if np.isnan(value):
            raise unknown_metric(name)
        if value == 0.0:
            raise InputError(
                f"`{name}` is 0 here, and no number changes it by percents; ask for "
                "another metric."
            )
        columns[name] = found["known_slopes"][name] * numbers / value
    counts = numbers > 0
    counts[:own] &= [not meanings[name].choices for name in names]
    table = pd.DataFrame(columns, index=[*names, *sorted(used.values)])
    moved = table[:own][counts[:own]]
    return Sensitivity(
        design=moved,
        technology=table[own:][counts[own:]],
        whole=tuple(name for name in moved.index if meanings[name].integer),
        units={name: meanings[name].unit for name in moved.index},
    )
