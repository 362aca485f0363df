"""A traced model that NumPy runs: nothing to compile, and nothing computed twice.

JAX traces a model once, as a list of array operations on ONE design. Run here, every
value gets one dimension for each axis of a grid, of length 1 where the value does not
depend on that axis: an operation is done only for the combinations that it can tell
apart. For a grid of millions that is less work than any compiled loop over designs, and
it starts at once. No answer depends on the grid: one design alone has the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import jax
import numpy as np

from dse.explore.array_by_jax import plain
from dse.explore.array_rules import Rule, rule_for
from dse.explore.steps import Found, Step, Steps, needed
from dse.explore.tracing import follow, trace

Array = np.ndarray[Any, Any]

UNROLLED = 16  # loops of so many turns are written out, longer ones are run as they are


class ArrayProgram:
    """A function of named numbers, as steps; `run` gives it grids of numbers.

    A value lies in memory with its own dimensions first, those of the grid behind.
    """

    longest_loop = UNROLLED

    def __init__(
        self,
        function: Callable[[Mapping[str, Any]], Any],
        names: Sequence[str] | Mapping[str, tuple[int, ...]],
    ) -> None:
        traced = trace(function, names)
        self._tree, self.names = traced.tree, traced.names
        self.constants: dict[int, Array] = {}  # what no input can change, by place
        self.reads: list[frozenset[str]] = []  # which inputs each value depends on
        self.steps: list[Step] = []
        self._same: dict[Any, list[int]] = {}  # places of what was done before
        self.inputs = [self._place(frozenset([name])) for name in self.names]
        self.outputs = follow(traced, self, self.inputs)
        self.steps = needed(self.steps, self.outputs)
        self._same.clear()

    @property
    def answers(self) -> Any:
        """The answers as the function returns them, places instead of numbers."""
        return jax.tree.unflatten(self._tree, self.outputs)

    def only(self, choose: Callable[[Any], Any]) -> ArrayProgram:
        """Return a program for some of the answers: what `choose` takes of all."""
        part = copy(self)
        places = choose(self.answers)
        part.outputs, part._tree = jax.tree.flatten(places)
        part.steps = needed(self.steps, part.outputs)
        return part

    def run(self, values: Mapping[str, Array], *, dimensions: int) -> Any:
        """Return the answers over a grid; `values` have all its `dimensions`.

        So have the answers, with length 1 where they do not depend on an axis.
        """
        found = self.begin(values, dimensions)
        Steps(self.steps, self.outputs).run(found, dimensions)
        return self.read(found)

    def begin(self, values: Mapping[str, Array], dimensions: int) -> Found:
        """Return what is known before the first step: constants, and the inputs."""
        read = {place for step in self.steps for place in step.inputs}
        found = {
            place: self.constants[place].reshape(
                self.constants[place].shape + (1,) * dimensions
            )
            for place in self.constants.keys() & {*read, *self.outputs}
        }
        for name, place in zip(self.names, self.inputs, strict=True):
            found[place] = np.asarray(values[name], float)
        return found

    def read(self, found: Found) -> Any:
        """Return the answers among what was found."""
        return jax.tree.unflatten(self._tree, [found[place] for place in self.outputs])

    def uses(self) -> dict[str, int]:
        """Return how many steps depend on each input."""
        read = [self.reads[step.outputs[0]] for step in self.steps]
        return {name: sum(name in inputs for inputs in read) for name in self.names}

    # -- building ----------------------------------------------------------------------

    def _place(self, reads: frozenset[str]) -> int:
        self.reads.append(reads)
        return len(self.reads) - 1

    def constant(self, value: Any) -> int:
        """Return the place of an array that no input can change."""
        known = np.asarray(plain(value))
        return self._once(
            (known.dtype, known.shape, known.tobytes()), lambda: self._keep(known)
        )[0]

    def operation(self, equation: Any, given: list[int]) -> list[int]:
        """Add one traced operation; return the places of its results."""
        what = (equation.primitive, tuple(equation.params.items()))
        count = len(equation.outvars)
        return self._step(what, lambda: rule_for(equation), given, count)

    def pick(self, value: int, at: int) -> int:
        """Return the place of one row of an array."""
        return self._step(("pick", at), lambda: lambda _, x: [x[at]], [value], 1)[0]

    def stack(self, values: list[int]) -> int:
        """Return the place of the array of some rows."""
        return self._step("stack", lambda: _stack_rows, values, 1)[0]

    def _step(
        self, what: Any, rule: Callable[[], Rule], given: list[int], count: int
    ) -> list[int]:
        return self._once((what, *given), lambda: self._add(rule(), given, count))

    def _add(self, rule: Rule, given: list[int], count: int) -> list[int]:
        if all(place in self.constants for place in given):
            known = [self.constants[place] for place in given]
            with np.errstate(all="ignore"):
                return [self.constant(found) for found in rule(0, *known)]
        reads = frozenset().union(*(self.reads[place] for place in given))
        outputs = [self._place(reads) for _ in range(count)]
        self.steps.append(Step(rule, tuple(given), tuple(outputs)))
        return outputs

    def _keep(self, known: Array) -> list[int]:
        place = self._place(frozenset())
        self.constants[place] = known
        return [place]

    def _once(self, what: Any, make: Callable[[], list[int]]) -> list[int]:
        """Return the places of what was made before of the same, else make it."""
        try:
            hash(what)
        except TypeError:  # one of its parameters is a list, say
            return make()
        if what not in self._same:
            self._same[what] = make()
        return self._same[what]


def _stack_rows(_: int, *turns: Array) -> list[Array]:
    return [np.stack(np.broadcast_arrays(*turns))]
