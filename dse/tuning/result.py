"""What tuning came to: a design that can be built, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dse.arrays import Rows
from dse.explore.accuracy import Grounds, grounds
from dse.explore.basis import Basis
from dse.explore.runs import column_name, file_units, from_si_column
from dse.explore.space import Space
from dse.shown import Shown
from dse.tuning.descent import Path
from dse.tuning.proof import Proof
from dse.units import from_si
from dse.workload.ops import Workload


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Tuned(Shown):
    """The best design found, in the shape of the space it was sought in.

    `values` holds the axis values and tied fields, `workload` the first workload with
    its own axes in place. `objective` is what was asked for and `metrics` all that is
    known, in SI, of the exact model in float64; `basis` says what they rest on.
    `violated` maps each constraint that is broken to by how much, in its own size;
    `feasible` says that none is. `gap` is how much worse the design is than the best
    one before rounding (0.01: 1 %; below 0 if
    better; None if none was feasible). `trajectory` holds loss and worst excess of
    every start at every step; `evaluations` and `gradients` what was spent; `proof`
    says how far the design may be from the best of all, where that was asked for.

    Examples:
        >>> space = dse.Space("tile:edge", pes=[32, 64, 128], tile_size=[8, 16])
        >>> asked = {"starts": 4, "steps": 10, "progress": False}
        >>> best = dse.tune("min:area", space, workload="bert-tiny", **asked)
        >>> best.verdict, dict(best.values)
        ('All constraints hold.', {'pes': 32.0, 'tile_size': 8.0})
    """

    design: Any
    workload: Workload | None
    basis: Basis | None
    values: Mapping[str, float | str]
    objective: float
    metrics: Mapping[str, float]
    feasible: bool
    violated: Mapping[str, float]
    gap: float | None
    trajectory: Path
    evaluations: int
    gradients: int
    starts: pd.DataFrame
    proof: Proof | None = None

    def to_pandas(self) -> pd.DataFrame:
        """Return a row per start: the design it was rounded to, and its metrics."""
        return self.starts

    @property
    def verdict(self) -> str:
        """Whether the design is allowed, in a sentence; else what failed, and by it."""
        if self.feasible:
            return "All constraints hold."
        parts = [_broken(name, excess) for name, excess in self.violated.items()]
        return f"No feasible design was found: {'; '.join(parts)}."

    @property
    def grounds(self) -> Grounds:
        """What its accuracy rests on."""
        if self.basis is None:
            return Grounds()
        return grounds(Space(self.design), self.basis)

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data, units in the names."""
        units = units_of(self.basis)
        metrics = {
            column_name(name, units[name]): from_si(value, units[name])
            for name, value in self.metrics.items()
        }
        moved = self.values
        return {
            **({} if self.basis is None else self.basis.to_json(moved=moved)),
            **({} if self.basis is None else {"accuracy": self.grounds.to_json()}),
            "values": dict(self.values),
            "objective": self.objective,
            "metrics": metrics,
            "feasible": self.feasible,
            "verdict": self.verdict,
            "violated": dict(self.violated),
            "gap": self.gap,
            "evaluations": self.evaluations,
            "gradients": self.gradients,
            **({} if self.proof is None else {"proof": self.proof.to_json()}),
        }


def units_of(basis: Basis | None) -> dict[str, str]:
    """Return the unit of each metric in files, for what a problem counts."""
    return file_units("sequence" if basis is None else basis.counted)


def table_of_starts(
    shown: Mapping[str, Rows],
    answers: Mapping[str, Rows],
    units: Mapping[str, str],
    reasons: Rows,
    path: Path,
) -> pd.DataFrame:
    """Return a row per start: axis values, metrics, and how its descent ended."""
    columns: dict[str, Any] = dict(shown)
    for name, values in answers.items():
        if name in units:
            unit = units[name]
            columns[column_name(name, unit)] = from_si_column(values, unit)
    columns["feasible"] = reasons == ""
    columns["reason"] = reasons
    columns["relaxed_loss"] = path.loss[-1]
    columns["relaxed_excess"] = path.excess[-1]
    return pd.DataFrame(columns)


def _broken(name: str, excess: float) -> str:
    if excess == float("inf"):
        return f"the rule `{name}` is broken"
    if math.isnan(excess):
        return f"`{name}`: it is not known by how much"
    return f"`{name}` is broken by {excess:.3g} of the bound"
