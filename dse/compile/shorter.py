"""What is known of an operation without doing it, or by a shorter one.

No answer changes by it, not for 0 of either sign, infinity or what is no number; what
does not hold for these is left to `fast_math`.

Each takes a graph, the places of what an operation takes, and its power or type, and
gives the place of the result; None where there is nothing to save.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dse.compile.graph import Graph


def _add(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    left, right = takes
    for one, other in ((left, right), (right, left)):
        if graph.is_number(one, -0.0):
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
        if graph.fast_math and graph.is_number(one, 0.0):
            return one
        node = graph.nodes[one]
        if node.operation == "neg":
            return graph.add("neg", (graph.add("mul", (node.takes[0], other)),))
        if (
            graph.fast_math and node.operation == "select_n"
        ):  # 0 or 1: whether a slope goes this way
            which, no, yes = node.takes
            if graph.is_number(no, 0.0) and graph.is_number(yes, 1.0):
                return graph.add("select_n", (which, no, other))
    return None


def _div(graph: Graph, takes: tuple[int, ...], _: Any) -> int | None:
    above, below = takes
    if graph.is_number(below, 1.0):
        return above
    if graph.fast_math and graph.is_number(above, 0.0):
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


def _whole_power(graph: Graph, takes: tuple[int, ...], detail: Any) -> int | None:
    """Raise to a whole power by squares, as JAX does."""
    (x,), left = takes, abs(detail)
    found = one = graph.constant(graph.kinds[x].type(1))
    while left:
        if left % 2:
            found = graph.add("mul", (found, x))
        left //= 2
        x = graph.add("mul", (x, x)) if left else x
    return graph.add("div", (one, found)) if detail < 0 else found


SHORTER: dict[str, Callable[[Graph, tuple[int, ...], Any], int | None]] = {
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
    "integer_pow": _whole_power,
}
