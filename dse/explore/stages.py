"""A program prepared for the blocks of a grid: nothing is worked out twice.

First, once for all blocks, come the steps that depend on so few axes that their values
over the whole grid are small. In each block the others follow, with the core of the
model in their middle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dse.explore.array_program import ArrayProgram
from dse.explore.core import Core, find_core
from dse.explore.steps import Found, Step, Steps

Array = np.ndarray[Any, Any]

SMALL = 2**15  # points of the whole grid that a step may tell apart to be done at once


class Stages:
    """What a program answers at each corner of the slow axes of a grid.

    `values` are those of all axes, each along its own dimension.
    """

    def __init__(
        self, program: ArrayProgram, values: Mapping[str, Array], slow: Sequence[str]
    ) -> None:
        self._program = program
        self._dimensions = len(values)
        self._slow = {name: place for place, name in enumerate(values) if name in slow}
        early = [step for step in program.steps if _points(program, step, values)]
        late = [step for step in program.steps if not _points(program, step, values)]
        outputs = set(program.outputs)
        read = {place for step in late for place in step.inputs} | outputs
        found = program.begin(values, self._dimensions)
        Steps(early, read).run(found, self._dimensions)
        self._shared = {place: found[place] for place in read & found.keys()}
        sizes = {n: v.size for n, v in values.items() if n not in slow}
        core = find_core(program, late, sizes, outputs)
        before, after = _around(late, core)
        wanted = outputs | _read(after)
        self._core = Core(program, core, wanted) if core else None
        self._before = Steps(before, wanted | _read(core))
        self._after = Steps(after, outputs)

    def run(self, corner: Mapping[str, int]) -> Any:
        """Return the answers at a corner: the place on each slow axis.

        Answers have the dimensions of the grid, with length 1 for a slow axis, and for
        one that they do not depend on. Safe to call from several threads.
        """
        found = self._cut(corner)
        self._before.run(found, self._dimensions)
        if self._core is not None:
            self._core.run(found, self._dimensions)
        self._after.run(found, self._dimensions)
        return self._program.read(found)

    def _cut(self, corner: Mapping[str, int]) -> Found:
        """Return the shared values at a corner."""
        cuts: dict[tuple[bool, ...], Any] = {}
        found = {}
        for place, values in self._shared.items():
            own = values.ndim - self._dimensions
            has = tuple(values.shape[own + axis] > 1 for axis in self._slow.values())
            if has not in cuts:
                cut = [slice(None)] * self._dimensions
                for (name, axis), there in zip(self._slow.items(), has, strict=True):
                    if there:
                        cut[axis] = slice(corner[name], corner[name] + 1)
                cuts[has] = (..., *cut)
            found[place] = values[cuts[has]]
        return found


def _points(program: ArrayProgram, step: Step, values: Mapping[str, Array]) -> bool:
    """Say whether a step tells few points of the whole grid apart."""
    read = program.reads[step.outputs[0]]
    return math.prod(values[name].size for name in read) <= SMALL


def _read(steps: Sequence[Step]) -> set[int]:
    return {place for step in steps for place in step.inputs}


def _around(
    steps: Sequence[Step], core: Sequence[Step]
) -> tuple[list[Step], list[Step]]:
    """Return the steps that a core may wait for, and those that wait for it."""
    inside = {step.outputs for step in core}
    made = {place for step in core for place in step.outputs}
    before, after = [], []
    for step in steps:
        if step.outputs in inside:
            continue
        if made.intersection(step.inputs):
            made.update(step.outputs)
            after.append(step)
        else:
            before.append(step)
    return before, after
