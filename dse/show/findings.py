"""What a report tells: a summary of a front, and what its knee is seen against."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dse.evaluation import Metrics
from dse.explore.evaluator import Evaluator
from dse.explore.limits import read_limits
from dse.explore.runs import Runs, with_reasons
from dse.show.front_bars import FrontBars, front_bars
from dse.show.marks import thinned
from dse.study.study import Study
from dse.study.summary import Summary

SAMPLE = 20_000  # designs drawn at random; all where the space has fewer


@dataclass(frozen=True, eq=False)
class Findings:
    """A summary, the designs of the front that a page holds, and a sample of the space.

    `knee` holds the metrics of the knee, `slowest` those of the workload of the suite
    that takes most of its time; `bars` how sure the designs are, where that is known.
    """

    summary: Summary
    drawn: Runs
    sample: Runs
    knee: Metrics
    slowest: tuple[str, Metrics]
    bars: FrontBars | None

    @property
    def study(self) -> Study:
        """The study that was asked."""
        return self.summary.study

    @property
    def machines(self) -> dict[str, Metrics]:
        """The knee and, after it, the reference machines by name."""
        return {"Knee": self.knee} | self.references

    @property
    def references(self) -> dict[str, Metrics]:
        """The reference machines by name."""
        return {s.name: s.metrics for s in self.summary.standings}

    def row_drawn(self, row: int) -> int:
        """Return which of the drawn designs a row of the whole front is."""
        index = self.summary.front.index[row]
        return int((self.drawn.index == index).argmax())


def gather(summary: Summary, evaluator: Evaluator) -> Findings:
    """Evaluate what a report needs beside what is summarised."""
    study, front = summary.study, summary.front
    rivals = [standing.rival for standing in summary.standings]
    knee_index = int(front.index[summary.knee])
    whole = study.evaluate_at(knee_index)
    alone = [replace(study, suite=((workload, 1.0),)) for workload, _ in study.suite]
    several = len(alone) > 1
    found = [one.evaluate_at(knee_index) if several else whole for one in alone]
    spent = [
        weight / float(metrics.throughput)
        for (_, weight), metrics in zip(study.suite, found, strict=True)
    ]
    most = spent.index(max(spent))
    return Findings(
        summary=summary,
        drawn=thinned(front, keep=[summary.knee, *summary.best.values(), *rivals]),
        sample=draw_background(study, evaluator),
        knee=whole,
        slowest=(study.suite[most][0].name, found[most]),
        bars=front_bars(front),
    )


def draw_background(study: Study, evaluator: Evaluator, *, count: int = SAMPLE) -> Runs:
    """Return `count` different designs drawn at random, with their metrics."""
    space = study.space
    index = space.sample(min(count, space.size))
    limits = read_limits(study.limits)
    metrics = evaluator(index)
    return with_reasons(space, study.basis, index, metrics, limits, len(index))
