"""Runs: evaluated designs as rows, and the fronts among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dse.arguments import count, flag, several, texts
from dse.arrays import Pick, Rows
from dse.errors import InputError, check_kind, named
from dse.explore.accuracy import ACCURACY, check_accuracy
from dse.explore.basis import Basis
from dse.explore.limits import EXAMPLE, Limit, applicable, build_limits, read_limits
from dse.explore.objectives import (
    SHOWN_UNITS,
    THROUGHPUTS,
    Objective,
    column_of,
    read_objectives,
)
from dse.explore.pareto import Keep, front_mask, hypervolume, knee
from dse.explore.space import Space, meaning_of
from dse.hardware.buildable import (
    BUILDABLE,
    CANNOT,
    DOES_NOT_FIT,
    FIT,
    lacking_memory,
)
from dse.records import Quantity
from dse.shown import Shown
from dse.units import to_si

if TYPE_CHECKING:
    import pandas as pd
    import xarray

    from dse.engines.base import Engine


_NUMBER = Quantity("1", "of a reference point")
_SUFFIX = {
    "TOP/s": "tops",
    "GOP/s": "gops",
    "op/s": "ops",
    "%": "percent",
    "%/year": "percent_per_year",
}


def column_name(metric: str, unit: str) -> str:
    """Return the name of a column, unit included: `energy_mj`, `throughput_seq_per_s`.

    Units are those of `file_units`, or of a page.
    """
    plain = unit.lower().replace("/", "_per_").replace("^", "").replace(" ", "_")
    return f"{metric}_{_SUFFIX.get(unit, plain)}"


def file_units(counted: str) -> dict[str, str]:
    """Return the unit of each metric in files and tables, by what is counted."""
    return {**SHOWN_UNITS, "throughput": THROUGHPUTS[counted]}


@dataclass(frozen=True, repr=False)
class Runs(Shown):
    """Designs of a space with their metrics, in SI, one row each.

    `index` numbers the designs in the space; `metrics` maps a known metric to its
    column;
    `reason` is '' for a feasible design, else what rules it out. `basis` says what they
    rest on.

    Examples:
        >>> space = dse.Space("tile:edge", pes=[16, 32, 64], batch=[1, 4])
        >>> runs = dse.sweep(space, "bert-tiny")
        >>> table = runs.to_pandas()
        >>> table.loc[table["energy_mj"].idxmin(), ["pes", "batch"]].to_dict()
        {'pes': 64.0, 'batch': 4.0}
        >>> runs.design(3).pes
        32.0
    """

    space: Space
    basis: Basis
    index: Rows
    metrics: dict[str, Rows]
    reason: Rows
    evaluated: int
    objectives: tuple[Objective, ...] = ()

    def __len__(self) -> int:
        return len(self.index)

    @property
    def designs(self) -> dict[str, Rows]:
        """The axis values and tied fields of each row; choices by their labels."""
        return self.space.labelled(self.index)

    def design(self, number: int) -> Engine:
        """Return the machine of a design's number, as tables and figures show it.

        Raises `InputError` for a number that is not among these rows.
        """
        count("number", number, least=0, most=self.space.size)
        if number not in self.index:
            raise InputError(
                f"design {number} is not among these {len(self):,} rows; give a number "
                "of column `design`, or take a row by its place: `.row(place)`."
            )
        return self.space.at(int(number))

    def row(self, row: int) -> Engine:
        """Return the machine of one row, ready for `dse.evaluate`.

        Raises `InputError` where there is no such row, as in an empty front.
        """
        return self.space.at(int(self.index[self.place(row)]))

    def place(self, row: int) -> int:
        """Return a row's number; raise `InputError` where there is no such row."""
        self.check_any()
        check_kind("`row`", row, (int, np.integer), "a whole number, from 0")
        if not -len(self) <= row < len(self):
            raise self._no_row(row)
        return row

    def _no_row(self, row: int) -> InputError:
        return InputError(
            f"`row` is {row}, and there are {len(self):,}; give one from 0."
        )

    def check_any(self) -> None:
        """Raise `InputError` where there are no rows at all."""
        if not len(self):
            raise InputError(
                f"none of the {self.evaluated:,} designs keeps all limits and can be "
                "built, so that there is no row; `dse.sweep` without `front` tells the "
                "reason of each. Loosen a limit, or widen the space."
            )

    @property
    def columns(self) -> dict[str, Rows]:
        """All there is to say: axis values, then metrics with units in their names."""
        units = file_units(self.basis.counted)
        metrics = {
            column_name(metric, units[metric]): from_si_column(values, units[metric])
            for metric, values in self.metrics.items()
        }
        reasons = {"feasible": self.reason == "", "reason": self.reason}
        return {"design": self.index, **self.designs, **metrics, **reasons}

    def to_pandas(self) -> pd.DataFrame:
        """Return the columns as a table, a row per design."""
        import pandas as pd

        return pd.DataFrame(self.columns)

    def to_xarray(self) -> xarray.Dataset:
        """Return an array per metric over the axes of a whole grid, with units.

        Of some of its designs, as of a front, and of a list of machines: over `design`,
        their numbers, with the values of their axes beside them. Needs the extra
        `xarray`.
        """
        import xarray

        grid = not self.space.rows and len(self) == self.space.size
        order = np.argsort(self.index) if grid else np.arange(len(self))
        dimensions = self.space.names if grid else ("design",)
        shape = self.space.shape if grid else (len(self),)
        units = file_units(self.basis.counted)
        columns = {
            metric: (
                dimensions,
                from_si_column(values[order], units[metric]).reshape(shape),
                {"units": units[metric]},
            )
            for metric, values in self.metrics.items()
        }
        return xarray.Dataset(columns, coords=self._coordinates(grid=grid))

    def _coordinates(
        self, *, grid: bool
    ) -> dict[str, tuple[str, Sequence[object] | Rows, dict[str, str]]]:
        """Return the values of each axis, along it or by design, with their units."""
        units = {
            name: {"units": meaning_of(self.space.design, name).unit}
            for name in self.designs
        }
        if grid:
            axes = self.space.axes.items()
            return {n: (n, list(axis.values), units[n]) for n, axis in axes}
        by_design = {n: ("design", v, units[n]) for n, v in self.designs.items()}
        return {"design": ("design", self.index, {}), **by_design}

    def column(self, metric: str) -> Rows:
        """Return a metric in SI, `[rows]`; raise `InputError` if it is not known."""
        return column_of(self.metrics, metric)

    def costs(self, objectives: Sequence[Objective]) -> Rows:
        """Return `[rows, objectives]`, less being better, infeasible infinite."""
        wanted = "objectives of a front, as `front.objectives`"
        objectives = several("objectives", objectives, wanted)
        for each in objectives:
            check_kind("one of `objectives`", each, Objective, wanted)
        if not objectives:
            raise InputError(f"`objectives` is empty; give {wanted}.")
        columns = [
            -self.column(o.metric) if o.maximize else self.column(o.metric)
            for o in objectives
        ]
        costs = np.stack(columns, axis=1)
        return np.where((self.reason == "")[:, None], costs, np.inf)

    def take(self, rows: Pick) -> Runs:
        """Return some of the rows, by mask or by position.

        Raises `InputError` for a mask of another length, and a row that is not there.
        """
        rows = rows if isinstance(rows, slice) else self._picked(rows)
        return replace(
            self,
            index=self.index[rows],
            metrics={n: c[rows] for n, c in self.metrics.items()},
            reason=self.reason[rows],
        )

    def _picked(self, rows: object) -> Rows:
        """Return a mask, or places of rows that are there."""
        try:
            picked = np.asarray(rows) if np.size(rows) else np.empty(0, int)  # type: ignore[arg-type]
        except ValueError:  # a list of lists of different lengths
            picked = np.empty((0, 0))
        is_mask = picked.dtype == bool and picked.shape == (len(self),)
        are_places = picked.dtype.kind in "iu" and picked.ndim == 1
        if np.ma.is_masked(rows) or not (is_mask or are_places):
            raise InputError(
                f"`rows` is {named(rows)}; give a mask of {len(self):,} rows, or a "
                "list of their places, from 0."
            )
        outside = (picked < -len(self)) | (picked >= len(self))
        if are_places and outside.any():
            raise self._no_row(picked[outside][0])
        return picked

    def limited(self, *limits: str) -> Runs:
        """Return the rows with further limits applied, as `area <= 50 mm^2`."""
        wanted = read_limits(limits)
        check_accuracy((limit.metric for limit in wanted), self.space, self.basis)
        return replace(self, reason=add_reasons(self, wanted))

    def buildable(self, wanted: bool) -> Runs:
        """Return the rows with what cannot be built, or hold the run, out or in."""
        if flag("buildable", wanted):
            return replace(self, reason=add_reasons(self, read_limits([BUILDABLE])))
        forgiven = [str(why).startswith((CANNOT, DOES_NOT_FIT)) for why in self.reason]
        return replace(self, reason=np.where(forgiven, "", self.reason.astype(object)))

    @property
    def cannot_be_built(self) -> Rows:
        """What keeps each row from being built, '' where nothing does."""
        free = replace(self, reason=np.full(len(self), "", object))
        return add_reasons(free, build_limits())

    def knee(self) -> int:
        """Return the row of this front that gives up least."""
        return knee(self.costs(self._own_objectives()))

    def hypervolume(self, **reference: float) -> float:
        """Return the volume dominated up to a reference, one number in SI a metric."""
        objectives = self._own_objectives()
        missing = [o.metric for o in objectives if o.metric not in reference]
        if missing:
            raise InputError(f"the reference point lacks {', '.join(missing)}; add it.")
        for name, value in reference.items():
            _NUMBER.take_one(f"`{name}` of the reference point", value)
        corner = [(-1 if o.maximize else 1) * reference[o.metric] for o in objectives]
        return hypervolume(self.costs(objectives), np.asarray(corner))

    def _own_objectives(self) -> tuple[Objective, ...]:
        if not self.objectives:
            raise InputError(
                "these runs are no front; make one with `dse.pareto(runs, …)`."
            )
        return self.objectives


def pareto(
    runs: Runs,
    *objectives: str,
    limits: Sequence[str] = (),
    keep: Keep = "all",
    buildable: bool = True,
    accept_foreign_accuracy: bool = False,
) -> Runs:
    """Return the rows that no feasible row beats in every objective.

    `dse.pareto(runs, "max:throughput", "min:energy", "min:area")`. Equal rows are all
    kept, or only the first (`keep="distinct"`). What cannot be built stays out, unless
    `buildable=False`; `accept_foreign_accuracy` is that of `sweep`. Raises `InputError`
    for an unknown metric.

    Examples:
        >>> space = dse.Space("tile:edge", pes=[16, 32, 64], lanes_per_pe=[4, 8])
        >>> runs = dse.sweep(space, "bert-tiny")
        >>> limits = ["power <= 20 W"]
        >>> front = dse.pareto(runs, "max:throughput", "min:area", limits=limits)
        >>> len(front), len(runs)
        (5, 6)
    """
    check_kind("`runs`", runs, Runs, "runs, as `dse.sweep` returns")
    if flag("accept_foreign_accuracy", accept_foreign_accuracy):
        runs = replace(runs, basis=replace(runs.basis, accept_foreign_accuracy=True))
    wanted = read_objectives(objectives)
    check_accuracy((o.metric for o in wanted), runs.space, runs.basis)
    allowed = runs.buildable(buildable).limited(*texts("limits", limits, EXAMPLE))
    mask = front_mask(allowed.costs(wanted), keep=keep)
    return replace(allowed.take(mask), objectives=wanted)


def add_reasons(runs: Runs, limits: Sequence[Limit]) -> Rows:
    """Return the reasons of runs, with broken limits named where a row had none."""
    reason = runs.reason.astype(object)
    free = reason == ""
    others = [limit for limit in limits if not limit.physical]
    physical = [limit for limit in limits if limit.physical]
    # What cannot be built is told last: `pareto(…, buildable=False)` forgives it alone.
    for limit in applicable([*others, *physical], runs.metrics):
        column = runs.column(limit.metric)
        unknown = free & np.isnan(column)
        reason[unknown] = f"`{limit.metric}` is not known"
        free &= ~unknown
        broken = free & limit.broken(column)
        if limit.metric == FIT.metric and limit.physical:
            for row in np.flatnonzero(broken):
                reason[row] = f"{DOES_NOT_FIT} {_lacking(runs, int(row))}"
        else:
            reason[broken] = limit.reason
        free &= ~broken
    return reason


def _lacking(runs: Runs, row: int) -> str:
    """Return what main memory would have to hold in one row, and what it holds."""
    kinds = {"weights": "weight", "cache": "cache", "activations": "activation"}
    columns = {kind: runs.metrics.get(f"{name}_memory") for kind, name in kinds.items()}
    use = {kind: c[row] for kind, c in columns.items() if c is not None}
    return lacking_memory(use, runs.column(FIT.metric)[row])


def with_reasons(
    space: Space,
    basis: Basis,
    index: Rows,
    metrics: dict[str, Rows],
    limits: Sequence[Limit],
    evaluated: int,
) -> Runs:
    """Return rows with, for each design, what rules it out ('' where nothing does)."""
    reason = np.full(len(index), "", object)
    for why, broken in space.illegal(space.decode(index)).items():
        reason = np.where((reason == "") & np.asarray(broken), why, reason)
    for name, column in metrics.items():
        if name in ACCURACY:  # may be unknown of a machine that is known else
            continue
        is_open = (reason == "") & ~np.isfinite(column)
        reason = np.where(is_open, f"`{name}` is not known", reason)
    runs = Runs(space, basis, index, metrics, reason, evaluated)
    return replace(runs, reason=add_reasons(runs, limits))


def from_si_column(values: Rows, unit: str) -> Rows:
    """Return a column of SI numbers in a unit that people read."""
    return values / to_si(1.0, unit)
