"""Traces that are alike: the same operations, in the same order, on the same constants.

A model is traced anew for each question, in some milliseconds where JAX knows its inner
functions, and has to be taken apart once for all traces that are alike.

No trace is taken for another: `Alike` compares all that a graph is written from. That
is names and shapes of the inputs; of each operation its primitive, its settings, what
it takes and gives, and the line of the user's file that messages name; the bits of each
constant; and the tree of the answers. Shapes and kinds of what is made on the way
follow from these. What cannot be compared is like nothing else. An inner function is
the same object, which lives as long as what is kept, and JAX changes none; arrays that
one closes over may be changed by whoever made them, and count by their bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from dse.compile.errors import place_in_source
from dse.compile.trace import Trace

_NUMBERS = (bool, int, float, complex, np.generic)  # which never change
_OF_INNER: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()


class Alike:
    """A trace, equal to those that are alike."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._key = _key_of(trace)
        self._hash = hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash


def _key_of(trace: Trace) -> Hashable:
    jaxpr, shapes = trace.jaxpr.jaxpr, tuple(trace.shapes.items())
    given = (*jaxpr.constvars, *jaxpr.invars)
    numbers: dict[Any, int] = {atom: number for number, atom in enumerate(given)}

    def told(atom: Any) -> Hashable:
        if hasattr(atom, "val"):
            return str(atom.aval.dtype), _constant(atom.val)
        return numbers.setdefault(atom, len(numbers))

    done = tuple(
        (
            equation.primitive,
            tuple((n, _setting(v)) for n, v in sorted(equation.params.items())),
            tuple(told(atom) for atom in (*equation.invars, *equation.outvars)),
            place_in_source(equation),
        )
        for equation in jaxpr.eqns
    )
    known = tuple(_constant(value) for value in trace.jaxpr.consts)
    answers = tuple(told(atom) for atom in jaxpr.outvars)
    return shapes, known, done, answers, trace.tree


def _constant(value: Any) -> Hashable:
    """Return what tells one constant from others: its bits."""
    try:
        numbers = np.asarray(value)
    except TypeError:  # keys of random numbers
        return object()
    bits = numbers.tobytes()
    return str(numbers.dtype), numbers.shape, hashlib.sha256(bits).digest()


def _setting(value: Any) -> Hashable:
    """Return what tells a setting of an operation from others."""
    if isinstance(value, float):
        return _constant(value)
    if isinstance(value, tuple):
        return type(value), tuple(map(_setting, value))
    try:
        hash(value)
    except TypeError:
        return object()
    bits = b"".join(np.asarray(array).tobytes() for array in _closed_over(value))
    return type(value), value, hashlib.sha256(bits).digest()


def _closed_over(value: Any) -> list[Any]:
    """Return the arrays that an inner function closes over, if this is one."""
    if not hasattr(value, "eqns"):
        return []
    if value not in _OF_INNER:
        found = list(getattr(value, "consts", ()))
        for equation in value.eqns:
            found += [atom.val for atom in equation.invars if hasattr(atom, "val")]
            for setting in equation.params.values():
                each = setting if isinstance(setting, tuple) else (setting,)
                found += [array for some in each for array in _closed_over(some)]
        arrays = (each for each in found if not isinstance(each, _NUMBERS))
        _OF_INNER[value] = list({id(array): array for array in arrays}.values())
    return _OF_INNER[value]
