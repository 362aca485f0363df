"""A random sample of a whole space, to see a front against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dse.explore.evaluator import Evaluator
from dse.explore.grid import answer_for
from dse.explore.limits import read_limits
from dse.explore.runs import Runs, with_reasons
from dse.explore.study import Study

SAMPLE = 20_000  # designs; all of them where the space has fewer


class Sampler:
    """Draws designs of the space of a study; begins to compile when it is made."""

    def __init__(self, study: Study) -> None:
        def answer_with(read: Callable[[Any], Any]) -> Any:
            return answer_for(
                study.space, study.suite, study.technology, study.timing, read
            )

        self._study = study
        self._evaluator = Evaluator(study.space, answer_with)

    def draw(self, count: int = SAMPLE) -> Runs:
        """Return `count` different designs drawn at random, with their metrics."""
        space = self._study.space
        index = space.sample(min(count, space.size))
        limits = read_limits(self._study.limits)
        return with_reasons(space, index, self._evaluator(index), limits, len(index))
