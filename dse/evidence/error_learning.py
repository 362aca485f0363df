"""Model error learned from rows: few numbers, by partial pooling over families.

The shared part. Rows of one machine that ran one kind of thing are a group, taken at
its median y. The groups of a family f and metric scatter about the family's bias, by a
spread that is the family's own, and families' spreads come from one distribution:

    y      ~ Normal(bias_f, spread_f^2)
    bias_f ~ Normal(0, spread_f^2 / weight)
    spread_f^2 ~ scaled inverse chi-squared(freedom, scale^2)

(the normal model with conjugate prior: Gelman et al., Bayesian Data Analysis, 3.3; the
pooling of variances as Smyth 2004 has it for genes). `weight`, `freedom` and `scale`
are where the marginal likelihood of all families and metrics is largest. What a next
machine of a family is off by is then Student's t, in closed form: wide where groups are
few, and of a family without any it is the distribution that the others come from.

The own part is Student's t by likelihood, of what rows differ from the median of their
group, every machine of the same weight however many rows it has.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, special, stats

from dse.arrays import Rows
from dse.errors import InputError
from dse.evidence.error_rows import FILE as ROWS_FILE
from dse.evidence.error_rows import ErrorRow, collect, read_error_rows, write_error_rows
from dse.explore.model_error import FILE, ModelError, Spread
from dse.files import write_whole

_FEWEST = 3  # rows of a group whose scatter is looked at
_MOST_FREEDOM = 50.0  # as good as a normal distribution


@dataclass(frozen=True)
class Prior:
    """What families are like before their own rows are seen."""

    weight: float
    freedom: float
    scale: float

    def after(self, groups: Sequence[float]) -> Spread:
        """Return the error of a next machine of a family with these groups."""
        count, mean, freedom, squares = self._seen(groups)
        bias = count * mean / (self.weight + count)
        spread = squares / freedom * (1.0 + 1.0 / (self.weight + count))
        return Spread(bias=float(bias), scale=float(np.sqrt(spread)), freedom=freedom)

    def log_likelihood(self, groups: Sequence[float]) -> float:
        """Return the logarithm of the density of a family's groups."""
        count, _, freedom, squares = self._seen(groups)
        before = self.freedom * self.scale**2
        return float(
            special.gammaln(freedom / 2.0)
            - special.gammaln(self.freedom / 2.0)
            + 0.5 * np.log(self.weight / (self.weight + count))
            + 0.5 * self.freedom * np.log(before)
            - 0.5 * freedom * np.log(squares)
            - 0.5 * count * np.log(np.pi)
        )

    def _seen(self, groups: Sequence[float]) -> tuple[int, float, float, float]:
        """Return count, mean, degrees of freedom and sum of squares, prior included."""
        count = len(groups)
        mean = float(np.mean(groups)) if count else 0.0
        within = float(np.sum((np.asarray(groups) - mean) ** 2))
        about_zero = self.weight * count / (self.weight + count) * mean**2
        squares = self.freedom * self.scale**2 + within + about_zero
        return count, mean, self.freedom + count, squares


def learn(rows: Iterable[ErrorRow]) -> ModelError:
    """Learn the error of the models from rows; those of ratios are left out.

    Raises `InputError` where no group has rows enough to see how they scatter.
    """
    figures = [row for row in rows if not row.over]
    groups = _groups(figures)
    prior = fit_prior([list(map(_median, g.values())) for g in groups.values()])
    shared: dict[str, dict[str, Spread]] = defaultdict(dict)
    for (family, metric), of in sorted(groups.items()):
        found = prior.after([_median(errors) for errors in of.values()])
        shared[family][metric] = Spread(
            bias=found.bias,
            scale=found.scale,
            freedom=found.freedom,
            machines=len({machine for machine, _ in of}),
            figures=sum(map(len, of.values())),
        )
    return _rounded(ModelError(dict(shared), prior.after([]), _own(groups)))


def _rounded(learned: ModelError) -> ModelError:
    """Return the same to what is written of it, 4 digits after the point."""

    def round_one(spread: Spread) -> Spread:
        return replace(
            spread,
            bias=round(spread.bias, 4),
            scale=round(spread.scale, 4),
            freedom=round(spread.freedom, 4),
        )

    return ModelError(
        shared={
            family: {metric: round_one(spread) for metric, spread in of.items()}
            for family, of in learned.shared.items()
        },
        unknown=round_one(learned.unknown),
        own=round_one(learned.own),
    )


def fit_prior(families: Sequence[Sequence[float]]) -> Prior:
    """Return the prior that makes the groups of all families likeliest.

    Few families leave it loose; a weak preference for a weight of 1 (within a factor of
    3) and 4 degrees of freedom (within 2) keeps it from the ends.
    """

    def unlikely(at: Rows) -> float:
        weight, freedom, scale = np.exp(at)
        prior = Prior(weight, freedom, scale)
        preferred = (at[0] / np.log(3.0)) ** 2 + (
            (at[1] - np.log(4.0)) / np.log(2.0)
        ) ** 2
        return 0.5 * float(preferred) - sum(map(prior.log_likelihood, families))

    found = optimize.minimize(
        unlikely,
        [0.0, np.log(4.0), np.log(0.3)],
        bounds=[(-3.0, 3.0), (0.0, np.log(_MOST_FREEDOM)), (-6.0, 2.0)],
    )
    weight, freedom, scale = map(float, np.exp(found.x))
    return Prior(weight, freedom, scale)


def _groups(
    rows: Iterable[ErrorRow],
) -> dict[tuple[str, str], dict[tuple[str, str], list[float]]]:
    """Return errors by family and metric, and within by machine and kind."""
    groups: dict[Any, dict[Any, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups[row.family, row.metric][row.machine, row.kind].append(row.error)
    return groups


def _median(errors: Sequence[float]) -> float:
    return float(np.median(errors))


def _own(groups: dict[Any, dict[Any, list[float]]]) -> Spread:
    """Return how rows scatter about the median of their group."""
    machines: dict[Any, list[float]] = defaultdict(list)
    for of in groups.values():
        for (machine, _), errors in of.items():
            if len(errors) >= _FEWEST:
                machines[machine] += list(np.array(errors) - _median(errors))
    if not machines:
        raise InputError(
            f"no machine has {_FEWEST} rows of one kind, so that there is no scatter "
            "to learn; add rows."
        )
    values = np.concatenate([np.array(v) for v in machines.values()])
    weights = np.concatenate([np.full(len(v), 1.0 / len(v)) for v in machines.values()])

    def unlikely(at: Rows) -> float:
        freedom, scale = np.exp(at)
        return -float(weights @ stats.t.logpdf(values, freedom, scale=scale))

    found = optimize.minimize(
        unlikely,
        [1.0, np.log(0.1)],
        bounds=[(0.0, np.log(_MOST_FREEDOM)), (-9.0, 2.0)],
    )
    freedom, scale = map(float, np.exp(found.x))
    return Spread(0.0, scale, freedom, machines=len(machines), figures=len(values))


def learn_anew(folder: Path) -> ModelError:
    """Run all validations, learn from their rows, and write both to a folder.

    Raises `InputError` where the folder is not one that both can be written to.
    """
    if not (folder / ROWS_FILE.parent).is_dir():
        raise InputError(f"{folder} has no folder `{ROWS_FILE.parent}`; make it.")
    write_error_rows(collect(), folder / ROWS_FILE)
    learned = learn(read_error_rows(folder / ROWS_FILE))  # as they stand there
    told = json.dumps(learned.as_json(), indent=1, default=float)
    write_whole(folder / FILE, told + "\n")
    return learned
