"""A function as operations on single numbers, none of them written down twice.

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

from dse.compile.numpy_functions import FUNCTIONS, convert
from dse.compile.shorter import SHORTER

Places = np.ndarray[Any, np.dtype[np.int64]]  # of the numbers of an array
Kind = np.dtype

INPUT, CONSTANT, CONVERT = "input", "constant", "convert_element_type"
BY_JAX, PART = "by_jax", "part"  # an array operation as a whole, and one of its numbers
COMPARED = ("gt", "ge", "lt", "le", "eq", "ne")
FOR_SLOPES = {"stop_gradient", "with_slope"}  # the first of what they take, as values
SEVERAL = {"max": "largest", "min": "least"}  # of more than two numbers, for slopes
_EITHER_WAY = {"add", "mul", "max", "min", "eq", "ne", "and", "or", "xor"}
_LOGICAL = {*COMPARED, "is_finite"}
_BOOL, _DOUBLE = np.dtype(bool), np.dtype(float)


class Node(NamedTuple):
    """One operation, the places of what it takes, and a name, number or type."""

    operation: str
    takes: tuple[int, ...]
    detail: Any = None


class Graph:
    """Operations in an order in which they can be done.

    With `fast_math` all numbers count as finite ones, and 0 as having no sign: 0 x is 0
    then, and x + 0 is x. `as_traced` keeps operations that could be shorter, and those
    that only a slope sees. `origins` are the traced operations that nodes stem from;
    `origin` is set to the one that is being written.
    """

    def __init__(self, *, fast_math: bool = False, as_traced: bool = False) -> None:
        self.fast_math = fast_math
        self.as_traced = as_traced
        self.nodes: list[Node] = []
        self.kinds: list[Kind] = []  # of numbers at places
        self.origins: list[Any] = []
        self.origin: Any = None
        self._places: dict[Any, int] = {}
        self._known: dict[int, Any] = {}

    # -- numbers -----------------------------------------------------------------------

    def input(self, name: Any) -> int:
        """Return the place of a number that is given."""
        return self._place((INPUT, name), Node(INPUT, (), name), _DOUBLE)

    def constant(self, value: Any) -> int:
        """Return the place of a number that is known."""
        number = value if isinstance(value, np.generic) else np.asarray(value)[()]
        key = (CONSTANT, number.dtype.char, number.tobytes())
        place = self._places.get(key)
        if place is None:
            place = self._place(key, Node(CONSTANT, (), number), number.dtype)
            self._known[place] = number
        return place

    def known(self, place: int) -> Any:
        """Return a number if it is known, else None."""
        return self._known.get(place)

    def add(self, operation: str, takes: Sequence[int], detail: Any = None) -> int:
        """Return the place of what an operation gives; `detail` is a power or a type.

        Operations are called as JAX calls them.
        """
        takes = tuple(takes)
        known = self._known
        if takes[0] in known and all(place in known for place in takes):
            numbers = [known[place] for place in takes]
            if operation in FUNCTIONS:
                return self.constant(FUNCTIONS[operation](*numbers))
            if operation == CONVERT:
                return self.constant(convert(numbers[0], np.dtype(detail)))
        shorter = None if self.as_traced else SHORTER.get(operation)
        place = shorter(self, takes, detail) if shorter else None
        if place is not None:
            return place
        if operation in _EITHER_WAY and takes[0] > takes[1]:
            takes = takes[::-1]
        if operation in _LOGICAL:
            kind = _BOOL
        else:
            kind = np.dtype(detail) if operation == CONVERT else self.kinds[takes[-1]]
        node = Node(operation, takes, detail)
        return self._place(node, node, kind)

    def again(self, node: Node, takes: Sequence[int]) -> int:
        """Return the place of a node of another graph, of what it takes in this one."""
        if node.operation == INPUT:
            return self.input(node.detail)
        if node.operation == CONSTANT:
            return self.constant(node.detail)
        return self.add(node.operation, takes, node.detail)

    def by_jax(self, takes: Sequence[int], done: Any, kinds: Sequence[Kind]) -> Places:
        """Return the places of the numbers of what JAX makes of some numbers.

        `done` does an operation as a whole: given the numbers, it returns those of the
        results, whose kinds are told.
        """
        node = Node(BY_JAX, tuple(takes), done)
        whole = self._place(node, node, _DOUBLE)
        parts = [Node(PART, (whole,), number) for number in range(len(kinds))]
        pairs = zip(parts, kinds, strict=True)
        found = [self._place(part, part, kind) for part, kind in pairs]
        return np.asarray(found, np.int64)

    def close(self) -> None:
        """Forget what was only known to write nothing twice; nothing is added now."""
        self._places.clear()

    def _place(self, key: Any, node: Node, kind: Kind) -> int:
        nodes = self.nodes
        place = self._places.setdefault(key, len(nodes))
        if place == len(nodes):
            nodes.append(node)
            self.kinds.append(kind)
            self.origins.append(self.origin)
        return place

    # -- arrays ------------------------------------------------------------------------

    def constants(self, array: Any) -> Places:
        """Return the places of the numbers of an array that is known."""
        array = np.asarray(array)
        places = [self.constant(number) for number in array.ravel()]
        return np.asarray(places, np.int64).reshape(array.shape)

    def known_array(self, places: Places, kind: np.dtype) -> Any | None:
        """Return the numbers at some places, None where one of them is not known."""
        numbers = [self._known.get(place) for place in places.ravel().tolist()]
        if any(number is None for number in numbers):
            return None
        if not numbers:
            return np.zeros(places.shape, kind)
        return np.asarray(numbers).reshape(places.shape)

    def each(
        self, operation: str, given: Sequence[Places], detail: Any = None
    ) -> Places:
        """Return the places of an operation on one number of every array at a time."""
        shape = given[0].shape
        if shape == () and all(places.shape == () for places in given):
            return np.asarray(self.add(operation, [int(x) for x in given], detail))
        if any(places.shape != shape for places in given):
            given = np.broadcast_arrays(*given)
            shape = given[0].shape
        rows = zip(*(places.ravel().tolist() for places in given), strict=True)
        found = [self.add(operation, takes, detail) for takes in rows]
        return np.asarray(found, np.int64).reshape(shape)

    # -- what is in it -----------------------------------------------------------------

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

    def reads(self, places: Iterable[int]) -> dict[int, frozenset[Any]]:
        """Return which inputs each of some places depends on, places in order."""
        found: dict[int, frozenset[Any]] = {}
        for place in places:
            node = self.nodes[place]
            if node.operation == INPUT:
                found[place] = frozenset([node.detail])
            else:
                found[place] = frozenset().union(*(found[at] for at in node.takes))
        return found

    def is_number(self, place: int, number: float) -> bool:
        """Return whether a place holds a known number; 0 has a sign."""
        known = self._known.get(place)
        if known is None or known != number or known.dtype == bool:
            return False
        same_sign = bool(np.signbit(known)) == bool(np.signbit(number))
        return same_sign or self.fast_math

    def always(self, place: int, test: Callable[[Any], bool]) -> bool:
        """Return whether a test holds of a number that is known, or of all choices."""
        node = self.nodes[place]
        if node.operation == CONSTANT:
            return bool(test(node.detail))
        choices = {"select_n": node.takes[1:], "max": node.takes, "min": node.takes}
        taken = choices.get(node.operation, ())
        return bool(taken) and all(self.always(choice, test) for choice in taken)
