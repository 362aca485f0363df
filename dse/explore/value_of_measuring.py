"""Which number to measure next: what knowing it would change about a choice.

A choice is made by what is expected: of some machines that one whose logarithm of the
objective is best on average over the draws of all that is not known. Whoever knew one
number would choose by the draws in which it is what it is, and sometimes otherwise. How
often, and what that is worth, is the value of knowing it: the expected value of partial
perfect information, by draws in bins of the number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dse.arrays import Rows
from dse.errors import InputError, check_kind
from dse.explore.model_error import LEARNED, family_of
from dse.explore.pareto import front_mask
from dse.explore.uncertainty import Uncertainty

Numbers = Mapping[str, Rows]

SURE = 2.0  # standard errors that luck is not taken for
BINS = 20  # of equally many draws, in each of which the number is all but known


def value_of_measuring(
    found: Uncertainty | Sequence[Uncertainty], *objectives: str
) -> pd.DataFrame:
    """Rank what is not known by what knowing it would change, most first.

    `found` are machines to choose from, of one space or of several, with as many draws
    and of one seed. What is not known are assumed numbers, and the error of the model
    of each family. By one objective, as `"max:throughput"`, a machine is chosen:
    `changes` is in which share of the draws it would be another one, and `gain` by
    which share of its objective the choice would be better on average. By several, the
    front is chosen: `changes` is the share of machines whose place on it, more likely
    than not, would turn, and there is no `gain`. Raises `InputError` for no objective,
    for fewer than two machines, and for draws that do not belong together.

    Examples:
        >>> cards = ["reference:a100", "reference:h100"]
        >>> found = [dse.uncertainty(card, "bert-tiny", draws=200) for card in cards]
        >>> dse.value_of_measuring(found, "max:throughput").index[0]
        'h100.overhead_us'
    """
    wanted = "what `dse.uncertainty` returns, or several in a list"
    check_kind("`found`", found, (Uncertainty, Sequence), wanted)
    bars = [found] if isinstance(found, Uncertainty) else list(found)
    for one in bars:
        check_kind("one of `found`", one, Uncertainty, wanted)
    if not objectives:
        raise InputError(
            'there is no objective; name what is chosen by, as "max:throughput".'
        )
    lengths = {len(draws.T) for one in bars for draws in one.metrics.values()}
    if len(lengths) != 1:
        raise InputError(
            "`found` is empty, or of different draws; give machines with as many draws "
            "each, and of one seed."
        )
    costs = np.concatenate([one.log_costs(objectives) for one in bars])
    if len(costs) < 2:
        raise InputError("`found` is one machine and no choice; give several.")
    numbers = _numbers(bars)
    if len(objectives) > 1:
        masks = np.array([front_mask(costs[:, :, d]) for d in range(costs.shape[2])])
        told = {key: (turned_by(masks, x), np.nan) for key, x in numbers.items()}
        by = "changes"
    else:
        told = value_of_knowing(costs[:, 0], numbers)
        by = "gain"
    table = pd.DataFrame.from_dict(told, orient="index", columns=["changes", "gain"])
    return table.sort_values([by, "changes"], ascending=False, kind="stable")


def _numbers(bars: Sequence[Uncertainty]) -> dict[str, Rows]:
    """Return the draws of all that is not known, by name."""
    numbers: dict[str, Rows] = {}
    for one in bars:
        numbers |= one.parameters
        family = family_of(one.space.design)
        for metric in LEARNED:
            name = f"error of the {family} model, {metric}"
            numbers[name] = one.model_errors.shared[metric]
    return numbers


def value_of_knowing(
    costs: Rows, numbers: Numbers, *, bins: int = BINS
) -> dict[str, tuple[float, float]]:
    """Return for each number how often knowing it changes a choice, and what it gains.

    In every bin of a number the choice with least mean cost is made by one half of the
    draws and judged by the other, so that luck gains nothing. Choices that were judged
    worse count against those judged better, and none count where all that they gain is
    within two of its standard errors. Shapes: `costs`, in logarithms,
    `[choices, draws]`, numbers `[draws]`.
    """
    usual = int(np.argmin(costs.mean(axis=1)))
    told = {}
    for key, number in numbers.items():
        drawn = costs[:, _bins(number, bins)]  # [choices, bins, draws]
        parts = drawn[..., ::2], drawn[..., 1::2]
        judged = [_better(usual, *pair) for pair in (parts, parts[::-1])]
        better, error = (np.concatenate(each) for each in zip(*judged, strict=True))
        gain = max(float(np.expm1(better.mean())), 0.0)
        certain = better.sum() > SURE * np.sqrt((error**2).sum())
        changed = float(np.sign(better).mean()) if certain else 0.0
        told[key] = max(changed, 0.0), gain
    return told


def _better(usual: int, see: Rows, judge: Rows) -> tuple[Rows, Rows]:
    """Return by how much what some draws choose is better in others, `[bins]`.

    And the standard error of that.
    """
    chosen = np.argmin(see.mean(axis=-1), axis=0)
    own = np.take_along_axis(judge, chosen[None, :, None], axis=0)[0]
    better = judge[usual] - own  # [bins, draws]
    return better.mean(axis=-1), better.std(axis=-1) / np.sqrt(better.shape[-1])


def turned_by(masks: Rows, number: Rows, *, bins: int = BINS) -> float:
    """Return the share of choices whose place on the front knowing a number turns.

    In a bin a choice is turned by a majority that is more than two of its standard
    errors. Shapes: `masks`, who is on the front, `[draws, choices]`, the number
    `[draws]`.
    """
    usual = np.where(masks.mean(axis=0) > 0.5, 1.0, -1.0)
    drawn = masks[_bins(number, bins)]  # [bins, draws, choices]
    least = 0.5 * SURE / np.sqrt(drawn.shape[1])
    against = (0.5 - drawn.mean(axis=1)) * usual
    return float(np.mean(against > least))


def _bins(number: Rows, bins: int) -> Rows:
    """Return the places of draws in bins of a number that rises, `[bins, draws]`.

    All are in one bin if the number never moves; of the last few draws some are left
    out, so that bins are alike.
    """
    order = np.argsort(number, kind="stable")
    few = 1 if np.ptp(number) == 0.0 else max(1, min(bins, len(number) // 2))
    each = len(number) // few
    return order[: few * each].reshape(few, each)
