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
from typing import Any, NamedTuple

import jax
import numpy as np

from dse.explore.array_rules import Rule, rule_for

Array = np.ndarray[Any, Any]

UNROLLED = 16  # loops of so many turns are written out, longer ones are run as they are
_INLINED = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "remat": "jaxpr",
    "checkpoint": "jaxpr",
}


class Step(NamedTuple):
    """One operation: the places of its inputs and outputs, and how NumPy does it."""

    rule: Rule
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class ArrayProgram:
    """A function of named numbers, as steps; `run` gives it grids of numbers.

    A value lies in memory with its own dimensions first, those of the grid behind.
    """

    def __init__(
        self, function: Callable[[Mapping[str, Any]], Any], names: Sequence[str]
    ) -> None:
        with jax.enable_x64(True):
            start = {name: np.float64(1.0) for name in names}
            traced, shape = jax.make_jaxpr(function, return_shape=True)(start)
        self._tree = jax.tree.structure(shape)
        self.names = tuple(sorted(names))
        self._known: list[Array | None] = []  # values that no input can change
        self.reads: list[frozenset[str]] = []  # which inputs each value depends on
        self._steps: list[Step] = []
        inputs = [self._place(frozenset([name])) for name in self.names]
        constants = [self._constant(value) for value in traced.consts]
        outputs = self._inline(traced.jaxpr, constants, inputs)
        self._inputs, self.outputs = inputs, outputs
        self._steps = _needed(self._steps, outputs)

    @property
    def answers(self) -> Any:
        """The answers as the function returns them, places instead of numbers."""
        return jax.tree.unflatten(self._tree, self.outputs)

    def only(self, choose: Callable[[Any], Any]) -> ArrayProgram:
        """Return a program for some of the answers: what `choose` takes of all."""
        part = copy(self)
        places = choose(self.answers)
        part.outputs, part._tree = jax.tree.flatten(places)
        part._steps = _needed(self._steps, part.outputs)
        return part

    def run(
        self,
        values: Mapping[str, Array],
        *,
        dimensions: int,
        shared: dict[int, Array] | None = None,
    ) -> Any:
        """Return the answers over a grid; `values` have all its `dimensions`.

        So have the answers, with length 1 where they do not depend on an axis. `shared`
        are values found by `begin` for the same grid.
        """
        found = dict(shared or {})
        found |= {
            place: np.asarray(values[name], float)
            for name, place in zip(self.names, self._inputs, strict=True)
        }
        self._go(self._steps, found, dimensions, keep=set(self.outputs))
        return jax.tree.unflatten(
            self._tree, [self._read(found, p, dimensions) for p in self.outputs]
        )

    def begin(
        self, values: Mapping[str, Array], moving: set[str], *, dimensions: int
    ) -> dict[int, Array]:
        """Return the values that stay when only the `moving` inputs change."""
        found = {
            place: np.asarray(values[name], float)
            for name, place in zip(self.names, self._inputs, strict=True)
            if name not in moving
        }
        still = [s for s in self._steps if not self.reads[s.outputs[0]] & moving]
        rest = [s for s in self._steps if self.reads[s.outputs[0]] & moving]
        keep = {place for step in rest for place in step.inputs} | set(self.outputs)
        self._go(still, found, dimensions, keep=keep)
        return {place: value for place, value in found.items() if place in keep}

    def uses(self) -> dict[str, int]:
        """Return how many steps depend on each input."""
        read = [self.reads[step.outputs[0]] for step in self._steps]
        return {name: sum(name in inputs for inputs in read) for name in self.names}

    def _go(
        self,
        steps: list[Step],
        found: dict[int, Array],
        dimensions: int,
        keep: set[int],
    ) -> None:
        last = {place: i for i, step in enumerate(steps) for place in step.inputs}
        with np.errstate(all="ignore"):
            for i, step in enumerate(steps):
                if step.outputs[0] in found:
                    continue
                given = [self._read(found, place, dimensions) for place in step.inputs]
                results = step.rule(dimensions, *given)
                found.update(zip(step.outputs, results, strict=True))
                for place in set(step.inputs):
                    if last[place] == i and place not in keep:
                        found.pop(place, None)

    def _read(self, found: Mapping[int, Array], place: int, dimensions: int) -> Array:
        known = self._known[place]
        if known is None:
            return found[place]
        return known.reshape(known.shape + (1,) * dimensions)

    # -- building ----------------------------------------------------------------------

    def _place(self, reads: frozenset[str], known: Array | None = None) -> int:
        self._known.append(known)
        self.reads.append(reads)
        return len(self._known) - 1

    def _constant(self, value: Any) -> int:
        return self._place(frozenset(), np.asarray(value))

    def _inline(
        self, jaxpr: Any, constants: Sequence[int], inputs: Sequence[int]
    ) -> list[int]:
        """Add the steps of a traced function; return the places of its results."""
        places = dict(zip(jaxpr.constvars, constants, strict=True))
        places |= dict(zip(jaxpr.invars, inputs, strict=True))

        def place_of(atom: Any) -> int:
            is_literal = hasattr(atom, "val")
            return self._constant(atom.val) if is_literal else places[atom]

        for equation in jaxpr.eqns:
            given = [place_of(atom) for atom in equation.invars]
            places |= dict(
                zip(equation.outvars, self._add(equation, given), strict=True)
            )
        return [place_of(atom) for atom in jaxpr.outvars]

    def _add(self, equation: Any, given: list[int]) -> list[int]:
        name, params = equation.primitive.name, equation.params
        if name in _INLINED:
            inner = params[_INLINED[name]]
            closed = hasattr(inner, "consts")
            constants = [self._constant(c) for c in inner.consts] if closed else []
            return self._inline(inner.jaxpr if closed else inner, constants, given)
        if name == "scan" and params["length"] <= UNROLLED:
            return self._unroll(params, given)
        return self._step(rule_for(equation), given, len(equation.outvars))

    def _step(self, rule: Rule, given: list[int], count: int) -> list[int]:
        known = [self._known[place] for place in given]
        if all(value is not None for value in known):
            with np.errstate(all="ignore"):
                return [self._constant(found) for found in rule(0, *known)]
        reads = frozenset().union(*(self.reads[place] for place in given))
        outputs = [self._place(reads) for _ in range(count)]
        self._steps.append(Step(rule, tuple(given), tuple(outputs)))
        return outputs

    def _unroll(self, params: Mapping[str, Any], given: list[int]) -> list[int]:
        """Write out a loop: its turns one after another."""
        fixed, carried = params["num_consts"], params["num_carry"]
        length, body = params["length"], params["jaxpr"]
        constants = [self._constant(c) for c in body.consts]
        carry = given[fixed : fixed + carried]
        turns = []
        for turn in range(length):
            at = length - 1 - turn if params["reverse"] else turn
            each = [self._pick(place, at) for place in given[fixed + carried :]]
            found = self._inline(body.jaxpr, constants, [*given[:fixed], *carry, *each])
            carry = found[:carried]
            turns.append(found[carried:])
        ordered = reversed(turns) if params["reverse"] else turns
        return [*carry, *(self._stack(list(c)) for c in zip(*ordered, strict=True))]

    def _pick(self, place: int, at: int) -> int:
        return self._step(lambda _, x: [x[at]], [place], 1)[0]

    def _stack(self, places: list[int]) -> int:
        return self._step(lambda _, *turns: [_stacked(turns)], places, 1)[0]


def _stacked(turns: Sequence[Array]) -> Array:
    return np.stack(np.broadcast_arrays(*turns))


def _needed(steps: list[Step], outputs: Sequence[int]) -> list[Step]:
    """Return the steps that the outputs need, in order."""
    wanted = set(outputs)
    kept = []
    for step in reversed(steps):
        if wanted.intersection(step.outputs):
            kept.append(step)
            wanted.update(step.inputs)
    return kept[::-1]
