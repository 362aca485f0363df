"""Machines beside the one that tuning found: what else might have been chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dse.errors import InputError
from dse.explore.evaluator import Evaluator
from dse.explore.limits import read_limits
from dse.explore.runs import Runs, with_reasons
from dse.explore.space import Space
from dse.tuning.result import Tuned


def alternatives(found: Tuned, space: Space, limits: Sequence[str]) -> Runs:
    """Return the design that was found, first, and all one step beside it.

    A step is to the next value of one axis; only designs that keep the limits are
    returned. Raises `InputError` for an axis that is continuous, which has no steps,
    and where nothing is known of what was asked.
    """
    if found.basis is None or space.continuous:
        what = next(iter(space.continuous), "the objective")
        raise InputError(
            f"`{what}` has no steps to designs beside the one that was found; give the "
            "axis as a list of values."
        )
    best = space.index(**{name: found.values[name] for name in space.names})
    digits = np.array(list(space.digits(best).values()), int)
    steps = np.concatenate(
        [np.eye(len(digits), dtype=int), -np.eye(len(digits), dtype=int)]
    )
    beside = digits + steps
    inside = ((beside >= 0) & (beside < np.array(space.shape))).all(axis=1)
    index = np.append(best, np.ravel_multi_index(tuple(beside[inside].T), space.shape))
    evaluator = Evaluator(space, found.basis)
    runs = with_reasons(
        space,
        found.basis,
        index,
        evaluator(index),
        read_limits(limits, found.basis.counted),
        len(index),
    )
    return runs.take(runs.reason == "")
