"""A model as operations on single numbers, none of them written down twice.

A number is known by its place in the graph. Asking again for the same operation on the
same numbers gives the same place; what no input can change is worked out at once; and
what arithmetic says without rounding (x * 1, max(x, x), a choice between equals) is not
an operation at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from dse.errors import InputError
from dse.explore.array_functions import EACH, EACH_FLOAT, convert
from dse.explore.rows.functions import WRITTEN_OUT
from dse.explore.rows.shorter import SHORTER
from dse.explore.tracing import JAX_FOLDER

INPUT, CONSTANT, _CONVERT = "input", "constant", "convert_element_type"
KINDS = {"bool", "int8", "int16", "int32", "int64", "float32", "float64"}
COMPARED = ("gt", "ge", "lt", "le", "eq", "ne")
_EITHER_WAY = {"add", "mul", "max", "min", "eq", "ne", "and", "or", "xor"}
_IN_DOUBLE = {*WRITTEN_OUT, "integer_pow"}  # whose constants are doubles
_FOLDED: dict[str, Callable[..., Any]] = {
    **EACH,
    **EACH_FLOAT,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "not": np.bitwise_not,
    "xor": np.bitwise_xor,
    "power": EACH_FLOAT["pow"],
    "select_n": lambda which, no, yes: yes if which else no,
}


class NotByRowsError(InputError):
    """An operation that rows cannot do; whoever can may leave it to JAX."""

    def at(self, equation: Any) -> NotByRowsError:
        """Return the same error with the line of the function it is about."""
        place = _place_in_source(equation)
        return NotByRowsError(f"{place}: {self}" if place else str(self))


def _place_in_source(equation: Any) -> str:
    """Return file and line where an operation was asked for, as far as JAX knows."""
    traceback = getattr(getattr(equation, "source_info", None), "traceback", None)
    for frame in traceback.frames if traceback is not None else ():
        if not frame.file_name.startswith((JAX_FOLDER, "<")):
            return f"{frame.file_name}:{frame.line_num}"
    return ""


def not_by_rows(operation: str, what: str = "") -> NotByRowsError:
    """Return the error about an operation that rows cannot do, or not on `what`."""
    told = " ".join([f"`{operation}`", *([what] if what else [])])
    return NotByRowsError(f"{told} cannot be compiled for rows; use `dse.sweep`.")


class Node(NamedTuple):
    """One operation, the places of what it takes, and a name, number or type."""

    operation: str
    takes: tuple[int, ...]
    detail: Any = None


class Graph:
    """Operations in an order in which they can be done.

    With `fast_math` all numbers count as finite ones, and 0 as having no sign: 0 x is 0
    then, and x + 0 is x. `origins` are the traced operations that nodes stem from;
    `origin` is set to the one that is being written.
    """

    def __init__(self, *, fast_math: bool = False) -> None:
        self.fast_math = fast_math
        self.nodes: list[Node] = []
        self.kinds: list[np.dtype[Any]] = []  # of numbers at places
        self.origins: list[Any] = []
        self.origin: Any = None
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
        if all(number is not None for number in numbers):
            with np.errstate(all="ignore"):
                if operation in _FOLDED:
                    return self.constant(_FOLDED[operation](*numbers))
                if operation == _CONVERT:
                    return self.constant(convert(numbers[0], detail))
        if operation in _IN_DOUBLE and self.kinds[takes[0]] == np.float32:
            wide = [self.add(_CONVERT, (place,), "float64") for place in takes]
            return self.add(_CONVERT, (self.add(operation, wide, detail),), "float32")
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
            self.kinds.append(self._kind(node))
            self.origins.append(self.origin)
        return place

    def _kind(self, node: Node) -> np.dtype[Any]:
        if node.operation == INPUT:
            kind = np.dtype(float)
        elif node.operation == CONSTANT:
            kind = node.detail.dtype
        elif node.operation == _CONVERT:
            kind = np.dtype(node.detail)
        elif node.operation in COMPARED:
            kind = np.dtype(bool)
        else:
            kind = self.kinds[node.takes[-1]]
        return cast("np.dtype[Any]", kind)

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
        """Return whether a place holds a known number; 0 has a sign."""
        known = self.known(place)
        if known is None or known.dtype == bool:
            return False
        same_sign = bool(np.signbit(known)) == bool(np.signbit(number))
        return bool(known == number) and (same_sign or self.fast_math)

    def always(self, place: int, test: Callable[[Any], bool]) -> bool:
        """Return whether a test holds of a number that is known, or of all choices."""
        node = self.nodes[place]
        if node.operation == CONSTANT:
            return bool(test(node.detail))
        choices = {"select_n": node.takes[1:], "max": node.takes, "min": node.takes}
        taken = choices.get(node.operation, ())
        return bool(taken) and all(self.always(choice, test) for choice in taken)
