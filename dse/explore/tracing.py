"""A model as JAX traces it: its operations on ONE design, in order, loops written out.

What is done with an operation is the business of whoever follows the trace: NumPy over
grids (`array_program`), or single numbers over rows (`rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

_INLINED = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "remat": "jaxpr",
    "checkpoint": "jaxpr",
}


class Trace(NamedTuple):
    """A traced function of named numbers; inputs are in the order of `names`."""

    names: tuple[str, ...]
    jaxpr: Any
    tree: Any  # of its answers


class Follower(Protocol):
    """Whoever follows a trace; a value may be whatever stands for an array there."""

    longest_loop: int  # longer ones are one operation

    def constant(self, value: Any) -> Any:
        """Return what stands for an array that is known."""

    def operation(self, equation: Any, given: list[Any]) -> list[Any]:
        """Return the results of one traced operation."""

    def pick(self, value: Any, at: int) -> Any:
        """Return one row of an array."""

    def stack(self, values: list[Any]) -> Any:
        """Return arrays as the rows of one."""


def trace(
    function: Callable[[Mapping[str, Any]], Any],
    names: Sequence[str] | Mapping[str, tuple[int, ...]],
) -> Trace:
    """Trace a function of named numbers once, in float64; nothing is compiled.

    `names` says with whom it has shapes which of them are arrays.
    """
    shapes = names if isinstance(names, Mapping) else dict.fromkeys(names, ())
    with jax.enable_x64(True):
        start = {name: np.ones(shape) for name, shape in shapes.items()}
        traced, shape = jax.make_jaxpr(function, return_shape=True)(start)
    return Trace(tuple(sorted(names)), traced, jax.tree.structure(shape))


def follow(trace: Trace, follower: Follower, inputs: Sequence[Any]) -> list[Any]:
    """Have every operation of a trace done; return what stands for its answers."""
    return _closed(trace.jaxpr, follower, inputs)


def _closed(closed: Any, follower: Follower, inputs: Sequence[Any]) -> list[Any]:
    constants = [follower.constant(value) for value in closed.consts]
    return _inline(closed.jaxpr, follower, constants, inputs)


def _inline(
    jaxpr: Any, follower: Follower, constants: Sequence[Any], inputs: Sequence[Any]
) -> list[Any]:
    known = dict(zip(jaxpr.constvars, constants, strict=True))
    known |= dict(zip(jaxpr.invars, inputs, strict=True))

    def value_of(atom: Any) -> Any:
        is_literal = hasattr(atom, "val")
        return follower.constant(atom.val) if is_literal else known[atom]

    for equation in jaxpr.eqns:
        given = [value_of(atom) for atom in equation.invars]
        found = _do(equation, follower, given)
        known |= dict(zip(equation.outvars, found, strict=True))
    return [value_of(atom) for atom in jaxpr.outvars]


def _do(equation: Any, follower: Follower, given: list[Any]) -> list[Any]:
    name, params = equation.primitive.name, equation.params
    if name in _INLINED:
        inner = params[_INLINED[name]]
        if hasattr(inner, "consts"):
            return _closed(inner, follower, given)
        return _inline(inner, follower, [], given)
    if name == "scan" and params["length"] <= follower.longest_loop:
        return _write_out(params, follower, given)
    return follower.operation(equation, given)


def _write_out(
    params: Mapping[str, Any], follower: Follower, given: list[Any]
) -> list[Any]:
    """Write out a loop: its turns one after another."""
    fixed, carried = params["num_consts"], params["num_carry"]
    length, body = params["length"], params["jaxpr"]
    carry = given[fixed : fixed + carried]
    turns = []
    for turn in range(length):
        at = length - 1 - turn if params["reverse"] else turn
        own = [follower.pick(value, at) for value in given[fixed + carried :]]
        found = _closed(body, follower, [*given[:fixed], *carry, *own])
        carry = found[:carried]
        turns.append(found[carried:])
    ordered = reversed(turns) if params["reverse"] else turns
    return [*carry, *(follower.stack(list(c)) for c in zip(*ordered, strict=True))]
