"""A model as operations on single numbers, none of them written down twice.

A number is known by its place in the graph. Asking again for the same operation on the
same numbers gives the same place; what no input can change is worked out at once; and
what arithmetic says without rounding (x * 1, max(x, x), a choice between equals) is not
an operation at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dse.errors import InputError
from dse.explore.array_functions import EACH, EACH_FLOAT
from dse.explore.rows.shorter import SHORTER

INPUT, CONSTANT = "input", "constant"
_EITHER_WAY = {"add", "mul", "max", "min", "eq", "ne", "and", "or"}
_FOLDED: dict[str, Callable[..., Any]] = {
    **EACH,
    **EACH_FLOAT,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "not": np.bitwise_not,
    "round": np.round,
    "select_n": lambda which, no, yes: yes if which else no,
}


class NotByRowsError(InputError):
    """An operation that rows cannot do; whoever can may leave it to JAX."""


class Node(NamedTuple):
    """One operation, the places of what it takes, and a name, number or type."""

    operation: str
    takes: tuple[int, ...]
    detail: Any = None


class Graph:
    """Operations in an order in which they can be done."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._places: dict[Any, int] = {}

    def input(self, name: str) -> int:
        """Return the place of a number that is given."""
        return self._place((INPUT, name), Node(INPUT, (), name))

    def constant(self, value: Any) -> int:
        """Return the place of a number that is known."""
        number = np.asarray(value)[()]
        key = (CONSTANT, number.dtype.char, number.tobytes())
        return self._place(key, Node(CONSTANT, (), number))

    def known(self, place: int) -> Any:
        """Return a number if it is known, else None."""
        node = self.nodes[place]
        return node.detail if node.operation == CONSTANT else None

    def add(self, operation: str, takes: Sequence[int], detail: Any = None) -> int:
        """Return the place of what an operation gives; `detail` is a power or a type.

        Operations are called as JAX calls them.
        """
        takes = tuple(takes)
        numbers = [self.known(place) for place in takes]
        if operation in _FOLDED and all(number is not None for number in numbers):
            with np.errstate(all="ignore"):
                return self.constant(_FOLDED[operation](*numbers))
        shorter = SHORTER.get(operation)
        place = shorter(self, takes, detail) if shorter else None
        if place is not None:
            return place
        if operation in _EITHER_WAY:
            takes = tuple(sorted(takes))
        node = Node(operation, takes, detail)
        return self._place(node, node)

    def _place(self, key: Any, node: Node) -> int:
        place = self._places.setdefault(key, len(self.nodes))
        if place == len(self.nodes):
            self.nodes.append(node)
        return place

    def needed(self, outputs: Iterable[int]) -> list[int]:
        """Return the places that some outputs need, in order."""
        found: set[int] = set()
        waiting = list(outputs)
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting.extend(self.nodes[place].takes)
        return sorted(found)

    def count(self, outputs: Iterable[int]) -> Counter[str]:
        """Return how many operations of each kind some outputs need."""
        kinds = (self.nodes[place].operation for place in self.needed(outputs))
        return Counter(kind for kind in kinds if kind not in (INPUT, CONSTANT))

    def is_number(self, place: int, number: float) -> bool:
        """Return whether a place holds a known number."""
        known = self.known(place)
        return known is not None and known.dtype != bool and bool(known == number)
