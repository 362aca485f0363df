"""A model as JAX traces it: its operations on ONE design, in order, loops written out.

What is done with an operation is the business of whoever follows the trace.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from importlib import metadata
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from dse.compile.errors import JAX_FOLDER, not_by_rows
from dse.errors import InputError
from dse.shipped import DISTRIBUTION

_OWN_SLOPES = ("custom_jvp_call", "custom_vjp_call")
_INLINED = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    **dict.fromkeys(_OWN_SLOPES, "call_jaxpr"),
    "remat": "jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
}
# What newer JAX does in operations of its own, done as older JAX does it: a model has
# the same bits with all of them.
WRITTEN_OUT: dict[str, Callable[..., Any]] = {
    "log2": lambda x: jnp.log(x) / np.log(2.0),
    "polynomial": lambda x, *by_power: reduce(lambda a, b: a * x + b, by_power[::-1]),
}
_CUTS = ("_split_square", "_half_mantissa")  # functions of newer JAX


class Aval(Protocol):
    """What JAX knows of an array before there are numbers."""

    shape: tuple[int, ...]
    dtype: np.dtype
    ndim: int
    size: int


class Atom(Protocol):
    """What an operation takes or gives: a number that is known, or one to come."""

    aval: Aval


class Equation(Protocol):
    """One traced operation, as JAX writes it down."""

    primitive: Any
    params: dict[str, Any]
    invars: Sequence[Atom]
    outvars: Sequence[Atom]
    source_info: Any

    def replace(self, **changes: object) -> Equation:
        """Return the operation with some of that changed."""


class Trace(NamedTuple):
    """A traced function of named numbers; inputs are in the order of `names`."""

    names: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]]
    jaxpr: Any
    tree: Any  # of its answers


class Follower(Protocol):
    """Whoever follows a trace; a value may be whatever stands for an array there."""

    longest_loop: int  # longer ones are one operation
    own_slopes: bool  # whether it may pass over rules of slopes that functions have

    def constant(self, value: Any) -> Any:
        """Return what stands for an array that is known."""

    def operation(self, equation: Equation, given: list[Any]) -> list[Any]:
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
    shapes = dict(names if isinstance(names, Mapping) else dict.fromkeys(names, ()))
    with jax.enable_x64(True):
        start = {name: np.ones(shape) for name, shape in shapes.items()}
        traced, shape = jax.make_jaxpr(function, return_shape=True)(start)
    return Trace(tuple(sorted(names)), shapes, traced, jax.tree.structure(shape))


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


def _do(equation: Equation, follower: Follower, given: list[Any]) -> list[Any]:
    equation = equation.replace(params=_Parameters(equation))
    name, params = equation.primitive.name, equation.params
    if (written := _written_out(equation)) is not None:
        return _closed(written, follower, given)
    if _cuts_digits(equation):
        return given[:1]
    if name == "optimization_barrier":  # holds compilers back, and changes nothing
        return given
    if name in _OWN_SLOPES and not follower.own_slopes:
        raise not_by_rows(name, "which has slopes of its own")
    if name in _INLINED:
        return _inner(params[_INLINED[name]], follower, given)
    if name == "scan" and 0 < params["length"] <= follower.longest_loop:
        return _write_out(equation, follower, given)
    return follower.operation(equation, given)


def _cuts_digits(equation: Equation) -> bool:
    """Return whether newer JAX cuts a float here to gain digits of its square.

    It takes the leading digits of x, by its bits, and adds what x^2 has beside their
    square. With the whole of x in their place nothing is added, and no bits are needed.
    """
    if equation.primitive.name not in ("bitcast_convert_type", "and"):
        return False
    traceback = equation.source_info.traceback
    return traceback is not None and any(
        frame.function_name in _CUTS and frame.file_name.startswith(JAX_FOLDER)
        for frame in traceback.frames
    )


def _written_out(equation: Equation) -> Any:
    """Return the trace of what an operation of newer JAX does, or None."""
    function = WRITTEN_OUT.get(equation.primitive.name)
    if function is None:
        return None
    avals = [atom.aval for atom in equation.invars]
    with jax.enable_x64(True):
        given = [np.ones(aval.shape, aval.dtype) for aval in avals]
        return jax.make_jaxpr(function)(*given)


def _inner(jaxpr: Any, follower: Follower, inputs: Sequence[Any]) -> list[Any]:
    """Have an inner function done, which holds its constants or has none."""
    if hasattr(jaxpr, "consts"):
        return _closed(jaxpr, follower, inputs)
    return _inline(jaxpr, follower, [], inputs)


def _write_out(equation: Equation, follower: Follower, given: list[Any]) -> list[Any]:
    """Write out a loop: its turns one after another.

    What a turn hands to the next keeps its shape, what has a row for each turn loses
    that axis inside: shapes tell how many there are, whatever JAX calls these counts.
    """
    length, body, backwards = (
        equation.params[name] for name in ("length", "jaxpr", "reverse")
    )
    carried = _whole(equation.outvars, body.out_avals)
    fixed = _whole(equation.invars, body.in_avals) - carried
    carry = given[fixed : fixed + carried]
    turns = []
    for turn in range(length):
        at = length - 1 - turn if backwards else turn
        own = [follower.pick(value, at) for value in given[fixed + carried :]]
        found = _inner(body, follower, [*given[:fixed], *carry, *own])
        carry = found[:carried]
        turns.append(found[carried:])
    ordered = reversed(turns) if backwards else turns
    return [*carry, *(follower.stack(list(c)) for c in zip(*ordered, strict=True))]


def _whole(outside: Sequence[Any], inside: Sequence[Any]) -> int:
    """Count the arrays that a turn of a loop sees whole."""
    pairs = zip(outside, inside, strict=True)
    return sum(atom.aval.ndim == aval.ndim for atom, aval in pairs)


class _Parameters(dict[str, Any]):
    """Parameters of one operation; asking for one that this JAX lacks says so."""

    def __init__(self, equation: Equation) -> None:
        super().__init__(equation.params)
        self._operation = equation.primitive.name

    def __missing__(self, name: str) -> Any:
        raise InputError(
            f"JAX {jax.__version__}: its operation `{self._operation}` has no parameter"
            f" `{name}`, which `dse` reads. `dse` works with `{_known_jax()}`: install"
            " one of these."
        )


def _known_jax() -> str:
    """Return the requirement of JAX that this package was installed with."""
    found = metadata.requires(DISTRIBUTION) or []
    return next(text for text in found if re.match(r"jax\b", text))
