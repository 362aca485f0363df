"""Uncertainty: error bars on metrics, and how sure a front is.

Two things make a bar: numbers that are assumed, drawn from their ranges, and the error
of the model itself, as learned from what was measured (`dse.explore.model_error`). Each
can be looked at alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from dse.arguments import count, one_of, texts
from dse.arrays import Rows
from dse.compile.function import CompiledFunction, compile_function
from dse.errors import InputError, check_kind, quoted
from dse.evaluation import Timing
from dse.explore.accuracy import ACCURACY
from dse.explore.asked import DesignLike, TechnologyLike, WorkloadLike
from dse.explore.basis import Basis, read_suite
from dse.explore.draws import SHARE, draw_around, draw_fields, middle
from dse.explore.evaluator import known_metrics
from dse.explore.evidence_range import farthest, octaves_beyond
from dse.explore.grid import answer_for
from dse.explore.model_error import LEARNED, DrawnErrors, draw_errors, family_of
from dse.explore.objectives import SHOWN_UNITS, column_of, read_objectives
from dse.explore.pareto import front_mask
from dse.explore.runs import Runs, column_name, file_units, from_si_column
from dse.explore.space import Space
from dse.hardware.technology import read_technology
from dse.shown import Shown

if TYPE_CHECKING:
    import pandas as pd


MEASURED = "accuracy, as measured"  # what moves accuracies, beside assumed numbers
Part = Literal["all", "numbers", "model"]


@dataclass(frozen=True, eq=False, repr=False)
class Uncertainty(Shown):
    """Metrics of designs over draws of all that is not known of them.

    `metrics` holds SI columns `[designs, draws]`, `nominal` those of the numbers as
    they stand, `[designs]`. `parameters` maps the key of each assumed number to its
    draws `[draws]`; `model_errors` are draws of the error of the model, one part for
    all designs and one for each. `runs` are the designs, where they came as runs, and
    `basis` says what all of them rest on. Losses of accuracy are drawn around what was
    measured, by the `accuracy_spread` of accuracies, which is more than theirs on the
    same texts, and never below 0.

    Examples:
        >>> found = dse.uncertainty("tile:edge", "bert-tiny", draws=200)
        >>> [low], [high] = found.interval("energy")
        >>> bool(low < found.nominal["energy"][0] < high)
        True
    """

    basis: Basis
    metrics: dict[str, Rows]
    nominal: dict[str, Rows]
    parameters: dict[str, Rows]
    model_errors: DrawnErrors
    space: Space
    runs: Runs | None = None

    def interval(
        self, metric: str, share: float = SHARE, *, part: Part = "all"
    ) -> tuple[Rows, Rows]:
        """Return low and high ends of the middle share of the draws, `[designs]`.

        Of all, or of one `part` alone: `"numbers"` that are assumed, with a model
        without error, or the `"model"` with all numbers as they stand.
        """
        return middle(self._part(metric, part), _read_share(share))

    def _part(self, metric: str, part: Part) -> Rows:
        draws = self._of(metric)
        one_of("part", part, get_args(Part))
        if part == "all":
            return draws
        factor = np.exp(self.model_errors.of(metric))
        if part == "numbers":
            return np.asarray(draws / factor)
        return np.asarray(self.nominal[metric][:, None] * factor * np.ones_like(draws))

    def to_pandas(self, share: float = SHARE) -> pd.DataFrame:
        """Return a row per design and metric: nominal, median and both ends."""
        import pandas as pd

        parts = []
        for metric, draws in self.metrics.items():
            low, high = self.interval(metric, share)
            columns = {
                "nominal": self.nominal[metric],
                "median": np.median(draws, axis=1),
                "low": low,
                "high": high,
            }
            unit = file_units(self.basis.counted)[metric]
            shown = {n: from_si_column(c, unit) for n, c in columns.items()}
            head = {
                "design": np.arange(len(draws)),
                "metric": column_name(metric, unit),
            }
            parts.append(pd.DataFrame({**head, **shown}))
        return pd.concat(parts, ignore_index=True)

    def drivers(
        self, metric: str, design: int = 0, *, part: Part = "all"
    ) -> pd.Series[float]:
        """Return by how much each unknown moves a metric, largest first.

        The square of the rank correlation over the draws: about the share of the spread
        that the number alone explains. The error of the model is one of them for each
        of time, energy and area, unless one `part` is asked for alone.
        """
        import pandas as pd

        errors = self.model_errors
        design = count("design", design, least=0, most=len(self._of(metric)) - 1)
        of_model = {
            f"error of the model, {name}": np.atleast_2d(errors.of(name))[design]
            for name in LEARNED
        }
        one_of("part", part, get_args(Part))
        moving = {} if part == "model" else self.parameters
        moving = moving | ({} if part == "numbers" else of_model)
        ranks = pd.Series(self._part(metric, part)[design]).rank()
        found = {
            key: float(np.corrcoef(ranks, pd.Series(draws).rank())[0, 1]) ** 2
            if ranks.std() > 0
            else 0.0
            for key, draws in moving.items()
        }
        return pd.Series(found, dtype=float).sort_values(ascending=False)

    def on_front(self, *objectives: str) -> Rows:
        """Return the probability that each design is on the front of them, `[designs]`.

        The share of the draws in which no other design beats it.
        """
        costs = self._costs(objectives)
        masks = [front_mask(costs[:, :, draw]) for draw in range(costs.shape[2])]
        return np.asarray(np.mean(masks, axis=0))

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
        share = _read_share(share)
        cautious = np.percentile(self._costs(objectives), 100.0 * share, axis=2)
        allowed = np.where((self.runs.reason == "")[:, None], cautious, np.inf)
        return replace(self.runs.take(front_mask(allowed)), objectives=wanted)

    def _costs(self, objectives: Sequence[str]) -> Rows:
        """Return costs `[designs, objectives, draws]`, less being better."""
        columns = [
            -self._of(o.metric) if o.maximize else self._of(o.metric)
            for o in read_objectives(tuple(objectives))
        ]
        return np.stack(columns, axis=1)

    def log_costs(self, objectives: Sequence[str]) -> Rows:
        """Return logarithms of objectives, less being better, for ratios of machines.

        Shape: `[designs, objectives, draws]`. Raises `InputError` for an objective that
        is not above 0.
        """
        columns = []
        for wanted in read_objectives(texts("objectives", objectives, "min:energy")):
            values = self._of(wanted.metric)
            if not (values > 0.0).all():
                raise InputError(
                    f"`{wanted.metric}` is not above 0 for all machines; drop it."
                )
            columns.append(np.log(values) * (-1.0 if wanted.maximize else 1.0))
        return np.stack(columns, axis=1)

    def _of(self, metric: str) -> Rows:
        return column_of(self.metrics, metric)


def _read_share(share: float) -> float:
    wanted = "a number from 0 to 1, as 0.9"
    check_kind("`share`", share, (int, float, np.number), wanted)
    if not 0.0 <= share <= 1.0:
        raise InputError(f"`share` is {quoted(share)}; give {wanted}.")
    return float(share)


def uncertainty(
    designs: DesignLike | Runs,
    workload: WorkloadLike | Sequence[WorkloadLike],
    *,
    draws: int = 10_000,
    seed: int = 0,
    weights: Sequence[float] | None = None,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
) -> Uncertainty:
    """Say how sure the metrics of a machine are, or of all machines of some runs.

    Every assumed number is drawn from its range, of the technology and of a published
    machine whose fields are assumed (those that were changed, or move, are known), the
    same draws for all machines, so that what they share does not blur a comparison. So
    is the error of the model, by what was learned of the family of the machine. An
    accuracy that is not known for some draws is NaN there. Raises `InputError` where
    another answer is not finite.

    Examples:
        >>> found = dse.uncertainty("reference:a100", "bert-tiny", draws=200)
        >>> low, high = found.interval("latency")
        >>> print(f"{low[0] * 1e3:.1f} to {high[0] * 1e3:.1f} ms, nine times in ten")
        0.4 to 1.9 ms, nine times in ten
    """
    if isinstance(designs, Runs):
        designs.check_any()
        runs, space, index = designs, designs.space, designs.index
    else:
        runs, space, index = None, Space(designs), np.zeros(1, np.int64)
    draws, seed = count("draws", draws), count("seed", seed, least=0)
    used = read_technology(technology, space.design)
    basis = Basis(read_suite(workload, weights), used, timing)
    drawn, keys = draw_around(used, count=draws, seed=seed)
    moving = {k: np.asarray(v) for k, v in drawn.values.items() if np.ndim(v) > 0}
    taken = draw_fields(space.design, count=draws, seed=seed)
    chosen = {*space.names, *space.tied}
    fields = {n: key_and_draws for n, key_and_draws in taken.items() if n not in chosen}
    if not moving and not fields:  # a function needs something to be a function of
        key = next(iter(used.values))
        moving = {key: np.full(draws, float(used.values[key]))}
    digits = space.digits(index)
    axes = {n: space.values(n)[at] for n, at in digits.items()}
    function = _function(space, basis, list(moving), list(fields))
    still = {k: np.full(len(index), float(used.values[k])) for k in moving}
    still |= {n: np.full(len(index), space.design.number(n)) for n in fields}
    nominal = function.rows({**axes, **still}, float, backend="numpy")
    # Every design with every draw, the draws of one design after those of another.
    table = {n: np.repeat(column, draws) for n, column in axes.items()}
    moved = moving | {n: column for n, (_, column) in fields.items()}
    table |= {k: np.tile(column, len(index)) for k, column in moved.items()}
    found = function.rows(table, float, backend="numpy")
    columns = {
        n: found[n].reshape(len(index), draws) for n in SHOWN_UNITS if n in found
    }
    parameters = {key: moving[key] for key in keys} | dict(fields.values())
    parameters |= _draw_accuracies(columns, draws, seed)
    errors = _model_errors(space, index, basis, draws, seed)
    for name, values in columns.items():
        if name not in ACCURACY and not np.isfinite(values).all():
            raise InputError(
                f"`{name}` is not finite for some draws of {used.name}; narrow the "
                "ranges of its assumed numbers."
            )
    return Uncertainty(
        basis=basis,
        metrics={n: column * np.exp(errors.of(n)) for n, column in columns.items()},
        nominal=nominal,
        parameters=parameters,
        model_errors=errors,
        space=space,
        runs=runs,
    )


def uncertainty_of(runs: Runs, *, draws: int) -> Uncertainty:
    """Say how sure the metrics of some runs are, of what they were asked."""
    basis = runs.basis
    return uncertainty(
        runs,
        basis.workloads,
        weights=basis.weights,
        technology=basis.technology,
        timing=basis.timing,
        draws=draws,
    )


def _model_errors(
    space: Space, index: Rows, basis: Basis, draws: int, seed: int
) -> DrawnErrors:
    """Return draws of what the model is off by, for the designs with these indices."""
    beyond = octaves_beyond(
        space.design, basis.technology, basis.workloads, space.decode(index)
    )
    return draw_errors(
        family_of(space.design),
        designs=len(index),
        count=draws,
        seed=seed,
        beyond=farthest(beyond),
    )


def _draw_accuracies(
    columns: dict[str, Rows], draws: int, seed: int
) -> dict[str, Rows]:
    """Draw accuracies around what was measured; return that draw by its name.

    One draw for all machines: what was measured on one subject moves together.
    """
    spread = columns.get("accuracy_spread")
    if spread is None or not (spread > 0.0).any():
        return {}
    off = np.random.default_rng([seed, 1]).standard_normal(draws)
    drawn = columns["accuracy_drop"] + off * spread
    columns["accuracy_drop"] = np.maximum(drawn, 0.0)
    return {MEASURED: off}


def _function(
    space: Space, basis: Basis, keys: list[str], fields: list[str]
) -> CompiledFunction:
    """Return the metrics as a function of axis values, parameters and fields."""

    def answer(moved: Mapping[str, Any]) -> dict[str, Any]:
        own = {**basis.technology.values, **{key: moved[key] for key in keys}}
        axes = {name: moved[name] for name in (*space.names, *fields)}
        drawn = replace(basis, technology=basis.technology.replace(values=own))
        ask = answer_for(space, drawn, known_metrics)
        found: dict[str, Any] = ask(axes)
        return found

    return compile_function(answer, [*space.names, *keys, *fields])
