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
from dse.explore.rows.functions import WRITTEN_OUT

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
        shorter = _SHORTER.get(operation)
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


# What is known without doing an operation, or with a shorter one; None: nothing.


def _add(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    left, right = takes
    for one, other in ((left, right), (right, left)):
        if graph.is_number(one, 0.0):
            return other
        if graph.nodes[one].operation == "neg":
            return graph.add("sub", (other, graph.nodes[one].takes[0]))
    return None


def _sub(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    left, right = takes
    if graph.is_number(right, 0.0):
        return left
    if graph.nodes[right].operation == "neg":
        return graph.add("add", (left, graph.nodes[right].takes[0]))
    return None


def _mul(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    left, right = takes
    for one, other in ((left, right), (right, left)):
        if graph.is_number(one, 1.0):
            return other
        if graph.is_number(one, 0.0):
            return one
        node = graph.nodes[one]
        if node.operation == "neg":
            return graph.add("neg", (graph.add("mul", (node.takes[0], other)),))
        if node.operation == "select_n":  # 0 or 1: whether a slope goes this way
            which, no, yes = node.takes
            if graph.is_number(no, 0.0) and graph.is_number(yes, 1.0):
                return graph.add("select_n", (which, no, other))
    return None


def _div(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    above, below = takes
    if graph.is_number(below, 1.0) or graph.is_number(above, 0.0):
        return above
    node = graph.nodes[above]
    if node.operation == "neg":
        return graph.add("neg", (graph.add("div", (node.takes[0], below)),))
    which, *choices = graph.nodes[below].takes or (0,)
    if graph.nodes[below].operation == "select_n" and all(
        graph.is_number(c, 1.0) or graph.is_number(c, 2.0) for c in choices
    ):  # how JAX shares a slope between equals
        parts = [graph.constant(1.0 / graph.known(c)) for c in choices]
        return graph.add("mul", (above, graph.add("select_n", (which, *parts))))
    return None


def _neg(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    node = graph.nodes[takes[0]]
    return node.takes[0] if node.operation == "neg" else None


def _extreme(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    return takes[0] if takes[0] == takes[1] else None


def _select(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    which, no, yes = takes
    if no == yes:
        return no
    known = graph.known(which)
    if known is not None:
        return yes if known else no
    return None


def _and(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    return _logic(graph, takes, neutral=True)


def _or(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    return _logic(graph, takes, neutral=False)


def _logic(graph: Graph, takes: tuple[int, ...], *, neutral: bool) -> int | None:
    for one, other in (takes, takes[::-1]):
        known = graph.known(one)
        if known is not None and known.dtype == bool:
            return other if bool(known) == neutral else one
    return takes[0] if takes[0] == takes[1] else None


def _square(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    return graph.add("mul", (takes[0], takes[0]))


def _clamp(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    low, number, high = takes
    return graph.add("min", (graph.add("max", (number, low)), high))


def _convert(graph: Graph, takes: tuple[int, ...], detail: Any) -> int | None:
    known = graph.known(takes[0])
    return None if known is None else graph.constant(known.astype(detail))


def _power(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    """Raise a positive number."""
    base, power = takes
    return graph.add("exp", (graph.add("mul", (power, graph.add("log", (base,)))),))


def _whole_power(graph: Graph, takes: tuple[int, ...], detail: Any) -> int | None:
    product = takes[0]
    for _ in range(abs(detail) - 1):
        product = graph.add("mul", (product, takes[0]))
    if detail == 0:
        return graph.constant(1.0)
    if detail < 0:
        return graph.add("div", (graph.constant(1.0), product))
    return product


def _written_out(
    write: Callable[[Graph, int], int],
) -> Callable[[Graph, tuple[int, ...], Any], int]:
    return lambda graph, takes, _: write(graph, takes[0])


_SHORTER: dict[str, Callable[[Graph, tuple[int, ...], Any], int | None]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "max": _extreme,
    "min": _extreme,
    "select_n": _select,
    "and": _and,
    "or": _or,
    "square": _square,
    "clamp": _clamp,
    "convert_element_type": _convert,
    "pow": _power,
    "integer_pow": _whole_power,
    **{name: _written_out(write) for name, write in WRITTEN_OUT.items()},
}
