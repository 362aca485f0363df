"""The core of a model: the steps that most depends on, run once for equal inputs.

Of the many designs of a grid few differ in what a walk through time sees: whether a
buffer holds what it should, not how large it is. A core is the part of a program
between such values and the first that tell all designs apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dse.explore.array_program import ArrayProgram
from dse.explore.distinct import distinct
from dse.explore.steps import Found, Step, Steps, needed

Array = np.ndarray[Any, Any]

WORTH_IT = 64  # steps; fewer cost less than telling inputs apart


class Core:
    """Steps of a program that read the same axes, and are run on distinct inputs."""

    def __init__(
        self, program: ArrayProgram, steps: Sequence[Step], wanted: set[int]
    ) -> None:
        made = {place for step in steps for place in step.outputs}
        read = {place for step in steps for place in step.inputs} - made
        self._inputs = sorted(read - program.constants.keys())
        self._outputs = sorted(made & wanted)
        self._steps = Steps(steps, self._outputs)
        self._constants = {
            place: program.constants[place][..., None]
            for place in read & program.constants.keys()
        }

    def run(self, found: Found, dimensions: int) -> None:
        """Add what the core makes to what was found over a grid."""
        given = {place: found[place] for place in self._inputs}
        kinds, one_of = distinct(list(given.values()), dimensions)
        at = np.unravel_index(one_of, kinds.shape)
        rows = dict(self._constants)
        where: dict[tuple[int, ...], Array] = {}
        for place, values in given.items():
            own, grid = _split(values.shape, dimensions)
            if grid not in where:
                where[grid] = _places(at, grid)
            rows[place] = values.reshape(*own, -1).take(where[grid], axis=-1)
        self._steps.run(rows, 1)
        for place in self._outputs:
            row = rows[place]
            alike = np.zeros((1,) * dimensions, int) if row.shape[-1] == 1 else kinds
            found[place] = row.take(alike, axis=-1)


def find_core(
    program: ArrayProgram,
    steps: Sequence[Step],
    sizes: Mapping[str, int],
    wanted: set[int],
) -> list[Step]:
    """Return the steps of a core; none where there is none worth it.

    `sizes` are the lengths of the axes of a grid. Of the steps that depend on the same
    axes, most work in all, those are taken that every answer needs which needs any.
    """
    groups: dict[frozenset[str], list[Step]] = {}
    for step in steps:
        read = program.reads[step.outputs[0]].intersection(sizes)
        groups.setdefault(read, []).append(step)

    def work(read: frozenset[str]) -> int:
        return len(groups[read]) * math.prod(sizes[name] for name in read)

    heaviest = groups[max(groups, key=work)] if groups else []
    inside = {step.outputs for step in heaviest}
    users = [
        {step.outputs for step in needed(steps, [output])} & inside
        for output in sorted(wanted)
    ]
    users = [used for used in users if used]
    shared = set.intersection(*users) if users else set()
    core = [step for step in heaviest if step.outputs in shared]
    return core if len(core) >= WORTH_IT else []


def _split(
    shape: tuple[int, ...], dimensions: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    own = len(shape) - dimensions
    return shape[:own], shape[own:]


def _places(at: Sequence[Array], grid: tuple[int, ...]) -> Array:
    """Return where points of a grid lie in an array that lacks some of its axes."""
    held = [(d, n) for d, n in zip(at, grid, strict=True) if n > 1]
    if not held:
        return np.zeros(1, np.int64)
    digits, lengths = zip(*held, strict=True)
    return np.asarray(np.ravel_multi_index(digits, lengths))
