"""A random sample of a whole space, to see a front against."""

from __future__ import annotations

from dse.explore.evaluator import Evaluator
from dse.explore.limits import read_limits
from dse.explore.runs import Runs, with_reasons
from dse.study.study import Study

SAMPLE = 20_000  # designs; all of them where the space has fewer


def draw_background(study: Study, evaluator: Evaluator, *, count: int = SAMPLE) -> Runs:
    """Return `count` different designs drawn at random, with their metrics."""
    space = study.space
    index = space.sample(min(count, space.size))
    limits = read_limits(study.limits)
    metrics = evaluator(index)
    return with_reasons(space, study.basis, index, metrics, limits, len(index))
