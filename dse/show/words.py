"""The answer of a study in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dse.explore.model_error import evidence_text, model_bars
from dse.explore.objectives import Objective
from dse.explore.runs import Runs
from dse.show.labels import describe_design, number, shown_limits
from dse.show.scale import TITLES, Scale, scale_of
from dse.study.summary import Standing, Summary


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def lead(summary: Summary) -> str:
    """Say how many designs there are, and how many nothing beats, or not by much."""
    front, scale = summary.front, scale_of(summary.front)
    what = listed([scale.title(o.metric).lower() for o in front.objectives])
    kept = shown_limits(summary.study.limits)
    if summary.proof is not None:
        return f"A front in {what}. {summary.proof.verdict}"
    if summary.study.space.legal:
        kept.insert(0, "the rules of the space")
    one = len(front) == 1
    if not kept:
        verb = "is" if one else "are"
        return (
            f"Of {front.evaluated:,} designs, {len(front):,} {verb} beaten by no other "
            f"in {what}."
        )
    return (
        f"Of {front.evaluated:,} designs, {len(front):,} {'keeps' if one else 'keep'} "
        f"{listed(kept)}, and no other that does beats {'it' if one else 'them'} in "
        f"{what}."
    )


def knee(summary: Summary) -> str:
    """Say what the knee of the front is, and what it gives."""
    amounts = row_amounts(summary.front, summary.knee)
    return (
        "The knee of this front, the design that gives up least of everything at once, "
        f"has {amounts}."
    )


def standing(found: Standing, front: Runs, batch: float | None) -> str:
    """Say where one published machine stands against the front."""
    objectives, scale = front.objectives, scale_of(front)
    own = listed(
        [scale.amount(o.metric, getattr(found.metrics, o.metric)) for o in objectives]
    )
    at = "" if batch is None else f" at batch {batch:g}"
    number_of = int(front.index[found.rival])
    gains = listed([_gain(o, found.gains[o.metric], scale) for o in objectives])
    count = len(found.beaten_by)
    limits = _printed("; ".join(found.breaks))
    breaks = f" It breaks limits itself: {limits}." if limits else ""
    if count == 0:
        return (
            f"{found.name}{at} ({own}) is beaten by no design of the front; the "
            f"nearest, design {number_of:,}, has {gains}.{breaks}"
        )
    beaten = (
        "1 design of the front" if count == 1 else f"{count:,} designs of the front"
    )
    return (
        f"{found.name}{at} ({own}) is beaten by {beaten}; the one that beats it most "
        f"evenly, design {number_of:,}, has {gains}.{breaks}"
    )


def _printed(text: str) -> str:
    """Return a text as it is printed: `≤` and `²` for `<=` and `^2`."""
    for typed, printed in (("<=", "≤"), (">=", "≥"), ("^2", "²")):
        text = text.replace(typed, printed)
    return text


def shared_choices(front: Runs) -> str:
    """Say which choices all designs of the front have in common; '' for none."""
    space = front.space
    same = {
        name
        for name, values in space.decode(front.index).items()
        if name in space.axes
        and len(space.axes[name]) > 1
        and len(np.unique(values)) == 1
    }
    if not same or len(front) < 2:
        return ""
    labels = describe_design(space, int(front.index[0]))
    names = list(space.decode(front.index[:1]))
    chosen = [
        f"{label} {value}"
        for name, (label, value) in zip(names, labels.items(), strict=True)
        if name in same
    ]
    return f"All designs of the front have {listed(chosen)}."


def model_error(front: Runs) -> str:
    """Say by what factors the model is off in each objective, and how that is known."""
    design, technology = front.space.design, front.basis.technology
    runs = front.basis.workloads
    bars = model_bars(design, technology, runs)
    factors = [
        f"{bars[o.metric][0]:.2g} to {bars[o.metric][1]:.2g} times the "
        f"{_of_metric(o.metric)}"
        for o in front.objectives
        if o.metric in bars
    ]
    if not factors:
        return ""
    return (
        f"Nine times in ten a machine has {listed(factors)} that stands here, and much "
        f"the same for all designs. {evidence_text(design, technology, runs)}"
    )


def _of_metric(metric: str) -> str:
    return TITLES[metric].split(" of ")[0].split(" per ")[0].lower()


def row_amounts(front: Runs, row: int) -> str:
    """Return the objectives of one design: `4,870 seq/s, 12.5 mJ and 124 mm²`."""
    scale, metrics = scale_of(front), [o.metric for o in front.objectives]
    return listed([scale.amount(m, front.metrics[m][row]) for m in metrics])


def _gain(objective: Objective, gain: float, scale: Scale) -> str:
    """Return a gain as a share of the machine's own value: `1.9 × the throughput`."""
    share = gain if objective.maximize else 1.0 / gain
    return f"{number(share, 2)} × the {scale.title(objective.metric).lower()}"
