"""Operations in order, each with the places of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dse.explore.array_rules import Rule

Array = np.ndarray[Any, Any]
Found = dict[int, Array]  # what lies at each place


class Step(NamedTuple):
    """One operation: the places of its inputs and outputs, and how NumPy does it."""

    rule: Rule
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Steps:
    """Steps to be run together; what they make is dropped after its last use.

    `wanted` are the places that are read afterwards.
    """

    def __init__(self, steps: Sequence[Step], wanted: Iterable[int]) -> None:
        kept = set(wanted)
        last = {place: i for i, step in enumerate(steps) for place in step.inputs}
        made = {place for step in steps for place in step.outputs}
        dropped: list[list[int]] = [[] for _ in steps]
        for place in made - kept:
            if place in last:
                dropped[last[place]].append(place)
        self._steps = list(zip(steps, dropped, strict=True))

    def run(self, found: Found, dimensions: int) -> None:
        """Do every step over a grid; add what the steps make to what was found."""
        with np.errstate(all="ignore"):
            for (rule, inputs, outputs), dropped in self._steps:
                results = rule(dimensions, *[found[place] for place in inputs])
                found.update(zip(outputs, results, strict=True))
                for place in dropped:
                    del found[place]


def needed(steps: Sequence[Step], outputs: Iterable[int]) -> list[Step]:
    """Return the steps that the outputs need, in order."""
    wanted = set(outputs)
    kept = []
    for step in reversed(steps):
        if wanted.intersection(step.outputs):
            kept.append(step)
            wanted.update(step.inputs)
    return kept[::-1]
