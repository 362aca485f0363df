"""How answers of a graph change by its inputs: slopes, written as operations beside it.

Going back from the answers, every number hands its slope to those that it was made
from, times how it changes by each: the chain rule, once an operation. Going on from the
inputs along a direction, by the same rules, it sums what they hand to it. What JAX does
at a tie, at a step and at 0 is done here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dse.compile.errors import not_by_rows
from dse.compile.graph import (
    BY_JAX,
    COMPARED,
    CONSTANT,
    CONVERT,
    FOR_SLOPES,
    INPUT,
    PART,
    SEVERAL,
    Graph,
    Node,
)

_FLAT = {*COMPARED, "and", "or", "xor", "not", "is_finite", "sign", "nextafter"}
_FLAT |= {"ceil", "floor", "round", "round_away", "stop_gradient"}
_FEWEST = {several: two for two, several in SEVERAL.items()}


class _At(NamedTuple):
    """An operation in the graph that is written: what it took and gave, and its slope.

    All are places.
    """

    graph: Graph
    takes: tuple[int, ...]
    gave: int
    slope: int
    node: Node

    def do(self, operation: str, *takes: int, detail: Any = None) -> int:
        """Return the place of an operation."""
        return self.graph.add(operation, takes, detail)

    def number(self, value: float) -> int:
        """Return the place of a number, of the kind of the slope."""
        kind = self.graph.kinds[self.slope]
        return self.graph.constant(kind.type(value))

    def times(self, other: int) -> int:
        """Return the slope times a number."""
        return self.do("mul", self.slope, other)

    def where(self, condition: int) -> int:
        """Return the slope where a condition holds, else 0."""
        return self.do("select_n", condition, self.number(0.0), self.slope)


Passed = Sequence[int | None]  # slopes, for each number that was taken
Rule = Callable[[_At], Passed]


def write_slopes(
    traced: Graph, seeds: Iterable[tuple[int, Any]]
) -> tuple[Graph, dict[int, int], dict[Any, int]]:
    """Return a graph of values and slopes, where values are, and slopes by each input.

    `traced` is a graph of operations as JAX traced them; `seeds` are pairs of an answer
    and the factor by which it counts: a number, or the name of an input that holds it.
    Raises `NotByRowsError` for an operation whose slopes are left to JAX.
    """
    graph, seeds = Graph(), list(seeds)
    at: dict[int, int] = {}
    with np.errstate(all="ignore"):
        needed = traced.needed(place for place, _ in seeds)
        for place in needed:
            at[place] = _again(graph, traced, place, at)
        moves = traced.reads(needed)
        slopes: dict[int, int] = {}
        for place, factor in seeds:
            named = isinstance(factor, str)
            given = graph.input(factor) if named else graph.constant(factor)
            if traced.kinds[place].kind == "f":
                _hand(graph, slopes, place, given)
        for place in reversed(needed):
            if place in slopes and moves[place]:
                _pass_on(graph, traced, place, at, slopes)
    inputs = {
        traced.nodes[place].detail: slope
        for place, slope in slopes.items()
        if traced.nodes[place].operation == INPUT
    }
    return graph, at, inputs


def write_changes(
    traced: Graph, places: Iterable[int], directions: Mapping[Any, Any]
) -> tuple[Graph, dict[int, int], dict[int, int]]:
    """Return a graph of values and their changes along a direction, and where they are.

    `directions` says which input holds how another one moves; what it leaves out does
    not. Otherwise as `write_slopes`.
    """
    graph = Graph()
    at: dict[int, int] = {}
    changes: dict[int, int] = {}
    with np.errstate(all="ignore"):
        for place in traced.needed(places):
            node = traced.nodes[place]
            at[place] = _again(graph, traced, place, at)
            if node.operation == INPUT and node.detail in directions:
                changes[place] = graph.input(directions[node.detail])
            change = _change(graph, node, place, at, changes)
            if change is not None:
                changes[place] = change
    return graph, at, changes


def _change(
    graph: Graph,
    node: Node,
    place: int,
    at: Mapping[int, int],
    changes: Mapping[int, int],
) -> int | None:
    """Sum how a number changes by those that it is made from."""
    if node.operation in _FLAT or graph.kinds[at[place]].kind != "f":
        return None
    taken, found = tuple(at[other] for other in node.takes), None
    for number, other in enumerate(node.takes):
        if other not in changes:
            continue
        if node.operation == CONVERT:
            return graph.add(CONVERT, (changes[other],), node.detail)
        passed = _rule(node)(_At(graph, taken, at[place], changes[other], node))
        own = passed[number]
        if own is not None:
            found = own if found is None else graph.add("add", (found, own))
    return found


def _rule(node: Node) -> Rule:
    """Return how an operation hands slopes on."""
    if node.operation not in _RULES:
        raise not_by_rows(node.operation, "whose slopes are left to JAX")
    return _RULES[node.operation]


def _again(graph: Graph, traced: Graph, place: int, at: Mapping[int, int]) -> int:
    """Write an operation down once more, as short as may be."""
    node = traced.nodes[place]
    takes = [at[taken] for taken in node.takes]
    graph.origin = traced.origins[place]
    if node.operation in FOR_SLOPES:
        return takes[0]
    if node.operation in (BY_JAX, PART):
        raise not_by_rows("an operation", "whose slopes are left to JAX")
    if node.operation in _FEWEST:
        found = takes[0]
        for taken in takes[1:]:
            found = graph.add(_FEWEST[node.operation], (found, taken))
        return found
    return graph.again(node, takes)


def _pass_on(
    graph: Graph,
    traced: Graph,
    place: int,
    at: Mapping[int, int],
    slopes: dict[int, int],
) -> None:
    """Hand the slope of a number to those that it was made from."""
    node = traced.nodes[place]
    if node.operation in (INPUT, *_FLAT):
        return
    graph.origin = traced.origins[place]
    taken = tuple(at[taken] for taken in node.takes)
    passed = _rule(node)(_At(graph, taken, at[place], slopes[place], node))
    for to, slope in zip(node.takes, passed, strict=True):
        floats = slope is not None and graph.kinds[at[to]].kind == "f"
        if floats and traced.nodes[to].operation != CONSTANT:
            _hand(graph, slopes, to, slope)


def _hand(graph: Graph, slopes: dict[int, int], place: int, slope: Any) -> None:
    known = slopes.get(place)
    slopes[place] = slope if known is None else graph.add("add", (known, slope))


# -- how an operation changes by what it takes -----------------------------------------


def _converted(a: _At) -> Passed:
    return [a.do(CONVERT, a.slope, detail=a.graph.kinds[a.takes[0]].name)]


def _product(a: _At) -> Passed:
    left, right = a.takes
    return [a.times(right), a.times(left)]


def _quotient(a: _At) -> Passed:
    share = a.do("div", a.slope, a.takes[1])
    return [share, a.do("neg", a.do("mul", share, a.gave))]


def _larger(a: _At) -> Passed:
    return _chosen(a, "gt")


def _smaller(a: _At) -> Passed:
    return _chosen(a, "lt")


def _chosen(a: _At, beyond: str) -> Passed:
    """Go the way of the one that was chosen, half each at a tie."""
    left, right = a.takes
    half = a.times(a.number(0.5))
    tie = a.do("eq", left, right)
    sides = [a.where(a.do(beyond, *pair)) for pair in ((left, right), (right, left))]
    return [a.do("select_n", tie, side, half) for side in sides]


def _one_of(a: _At) -> Passed:
    """Go the way of the largest, or least, of several; in equal parts at a tie."""
    one, zero = a.number(1.0), a.number(0.0)
    best = [a.do("select_n", a.do("eq", taken, a.gave), zero, one) for taken in a.takes]
    count = best[0]
    for other in best[1:]:
        count = a.do("add", count, other)
    share = a.do("div", a.slope, count)
    return [a.do("mul", share, is_best) for is_best in best]


def _selected(a: _At) -> Passed:
    which, zero = a.takes[0], a.number(0.0)
    no = a.do("select_n", which, a.slope, zero)
    return [None, no, a.where(which)]


def _size(a: _At) -> Passed:
    above = a.do("ge", a.takes[0], a.number(0.0))
    return [a.do("select_n", above, a.do("neg", a.slope), a.slope)]


def _clamped(a: _At) -> Passed:
    low, number, high = a.takes
    inside = a.do("and", a.do("gt", number, low), a.do("lt", number, high))
    below = a.do("and", a.do("gt", low, number), a.do("lt", low, high))
    return [a.where(below), a.where(inside), a.where(a.do("lt", high, number))]


def _power(a: _At) -> Passed:
    x, y = a.takes
    one, zero = a.number(1.0), a.number(0.0)
    below = a.do("pow", x, a.do("sub", y, one))
    safe = a.do("select_n", a.do("eq", x, zero), x, one)
    by_exponent = a.do("mul", a.do("log", safe), a.gave)
    return [a.times(a.do("mul", y, below)), a.times(by_exponent)]


def _whole_power(a: _At) -> Passed:
    power = a.node.detail
    if power == 0:
        return [None]
    below = a.do("integer_pow", a.takes[0], detail=power - 1)
    return [a.times(a.do("mul", a.number(power), below))]


def _one(how: Callable[[_At], int]) -> Rule:
    """Return the rule of a function of one number: the slope times how it changes."""
    return lambda a: [a.times(how(a))]


def _bell(a: _At, size: float) -> int:
    """Return `size` exp(-x^2), the slope of the error function."""
    square = a.do("square", a.takes[0])
    return a.do("mul", a.number(size), a.do("exp", a.do("neg", square)))


def _scaled(a: _At, size: float, number: int) -> int:
    return a.do("mul", a.number(size), number)


_RULES: dict[str, Rule] = {
    "add": lambda a: [a.slope, a.slope],
    "sub": lambda a: [a.slope, a.do("neg", a.slope)],
    "neg": lambda a: [a.do("neg", a.slope)],
    "mul": _product,
    "div": _quotient,
    "max": _larger,
    "min": _smaller,
    "largest": _one_of,
    "least": _one_of,
    "select_n": _selected,
    "clamp": _clamped,
    "with_slope": lambda a: [None, a.slope],
    CONVERT: _converted,
    "pow": _power,
    "integer_pow": _whole_power,
    "square": _one(lambda a: _scaled(a, 2.0, a.takes[0])),
    "abs": _size,
    "sqrt": lambda a: [a.times(a.do("div", a.number(0.5), a.gave))],
    "rsqrt": _one(lambda a: _scaled(a, -0.5, a.do("div", a.gave, a.takes[0]))),
    "cbrt": _one(lambda a: _scaled(a, 1 / 3, a.do("integer_pow", a.gave, detail=-2))),
    "exp": _one(lambda a: a.gave),
    "exp2": _one(lambda a: _scaled(a, math.log(2.0), a.gave)),
    "expm1": _one(lambda a: a.do("add", a.gave, a.number(1.0))),
    "log": lambda a: [a.do("div", a.slope, a.takes[0])],
    "log1p": lambda a: [a.do("div", a.slope, a.do("add", a.takes[0], a.number(1.0)))],
    "tanh": _one(lambda a: a.do("sub", a.number(1.0), a.do("mul", a.gave, a.gave))),
    "logistic": _one(lambda a: a.do("mul", a.gave, a.do("sub", a.number(1.0), a.gave))),
    "erf": _one(lambda a: _bell(a, 2.0 / math.sqrt(math.pi))),
    "erfc": _one(lambda a: _bell(a, -2.0 / math.sqrt(math.pi))),
    "lgamma": _one(lambda a: a.do("digamma", a.takes[0])),
}
