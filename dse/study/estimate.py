"""How long a study would take: its search is begun, and its first blocks are timed."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from dse.study.study import Study

PATIENCE = 2.0  # seconds of blocks that are timed, unless the study ends before


@dataclass(frozen=True)
class Estimate:
    """The time of a study by its first blocks; times in seconds.

    `start` is the time until the first block was done, tracing included; `timed` is
    that of the `timed_designs` in the blocks after it.
    """

    designs: int
    first_designs: int
    start: float
    timed_designs: int
    timed: float

    @property
    def seconds(self) -> float:
        """The whole run: its start, and the rest at the pace of the blocks timed."""
        rest = self.designs - self.first_designs
        return self.start + (rest * self.timed / self.timed_designs if rest else 0.0)


class _EnoughError(Exception):
    pass


def estimate(study: Study, *, block_size: int) -> Estimate:
    """Run the first blocks of a study for some two seconds; say how long all take."""
    marks: list[tuple[float, int]] = []

    def report(designs: int) -> None:
        marks.append((time.perf_counter(), designs))
        if marks[-1][0] - marks[0][0] > PATIENCE:
            raise _EnoughError

    began = time.perf_counter()
    search = study.search(study.evaluator())
    with contextlib.suppress(_EnoughError):
        search.run(block_size, report)
    return Estimate(
        designs=study.space.size,
        first_designs=marks[0][1],
        start=marks[0][0] - began,
        timed_designs=sum(designs for _, designs in marks[1:]),
        timed=marks[-1][0] - marks[0][0],
    )
