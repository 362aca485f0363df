"""Bounds as a function of the ends of boxes: worked out by any reader of a graph.

`dse.compile.bounds` has the rules. Here they are written down as operations, for all
boxes within one large box. What is known of that one is known of every one in it: of
which sign a number is, which way a choice goes, that nothing is infinite. So a product
of two positive numbers takes two products where it would take all corners.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np

from dse.compile.bounds import DESPITE_NONE, WIDER, Interval, bound
from dse.compile.errors import NotByRowsError
from dse.compile.graph import COMPARED, CONSTANT, CONVERT, INPUT, Graph, Node

Ends = tuple[int, int]  # the places of the least and the greatest number
ROUNDED = 2.0**-50  # of a number, by a sum that made it and one of bounds
LONGEST = 4_000  # places among which a way is sought
_RISING = ("max", "min", "ceil", "floor", "round", "round_away", "sign")
_RISING_NEARLY = ("exp", "exp2", "expm1", "tanh", "cbrt", "logistic", "erf")


def write_bounds(
    graph: Graph,
    places: Sequence[int],
    inputs: Mapping[Any, Interval],
    *,
    ways: bool = True,
) -> tuple[Graph, list[Ends]]:
    """Return a graph of the ends of some places, and where these are.

    `inputs` are the intervals of the large box. The ends of `x` are inputs that are
    called `x.low` and `x.high`. With `ways` a number less one that it was made from is
    bounded by what was added on the way. Raises `NotByRowsError` for an operation of
    which this has no rule.
    """
    needed = graph.needed(places)
    known = dict(zip(needed, bound(graph, needed, inputs), strict=True))
    writer = _Writer(graph, known, ways)
    given = {name: _inputs(writer.new, name) for name in inputs}
    found = writer.written
    with np.errstate(all="ignore"):
        for place in needed:
            node = graph.nodes[place]
            if node.operation == INPUT:
                found[place] = given[node.detail]
            else:
                found[place] = writer.write(place, node, found)
    return writer.new, [found[place] for place in places]


def _inputs(graph: Graph, name: Any) -> Ends:
    """Return the ends of an input, or of one number of an array."""
    array, *at = name if isinstance(name, tuple) else (name,)
    low, high = (
        graph.input((f"{array}.{end}", *at) if at else f"{array}.{end}")
        for end in ("low", "high")
    )
    return low, high


class _Writer:
    """Writes the ends of one operation after another into a new graph."""

    def __init__(self, graph: Graph, known: Mapping[int, Interval], ways: bool) -> None:
        self.new = Graph()
        self.written: dict[int, Ends] = {}
        self._graph, self._known, self._ways = graph, known, ways

    def write(self, place: int, node: Node, found: Mapping[int, Ends]) -> Ends:
        """Return the places of the ends of an operation."""
        low, high, _ = self._known[place]
        is_known = low.item() == high.item() and not self.may_be_none(place)
        if is_known or node.operation == CONSTANT:
            return self.new.constant(low[0]), self.new.constant(high[0])
        whole = low.dtype.kind in "iu" and self.fits(place, low.dtype)
        if low.dtype not in (bool, float) and not whole:
            raise self._refuse(place, f"of numbers of kind `{low.dtype}`")
        if node.operation in COMPARED:
            return self._compare(node, found)
        rule = _RULES.get(node.operation)
        if rule is None:
            raise self._refuse(place, "in a box")
        taken = [found[at] for at in node.takes]
        ends = rule(self, node, *taken)
        if low.dtype == bool:
            return ends
        return self._empty(node, self._numbers(place, ends), found)

    def _refuse(self, place: int, told: str) -> NotByRowsError:
        name = self._graph.nodes[place].operation
        return NotByRowsError(f"`{name}` {told} is not written down.")

    # -- what is known -----------------------------------------------------------------

    def low(self, place: int) -> float:
        """Return the least that a number can be."""
        return float(self._known[place].low.item())

    def high(self, place: int) -> float:
        """Return the greatest that a number can be."""
        return float(self._known[place].high.item())

    def sign(self, place: int) -> int:
        """Return 1 for a number that is not below 0, -1 for one not above, else 0."""
        if self.low(place) >= 0.0:
            return 1
        return -1 if self.high(place) <= 0.0 else 0

    def finite(self, *places: int) -> bool:
        """Say whether all are numbers, and finite."""
        return not any(map(self.may_be_none, places)) and all(
            np.isfinite([self.low(p), self.high(p)]).all() for p in places
        )

    def fits(self, place: int, kind: np.dtype) -> bool:
        """Say whether a number is one that whole numbers of a kind can hold."""
        ends = np.iinfo(kind)
        most = min(float(ends.max), 2.0**53)
        inside = -most < self.low(place) and self.high(place) < most
        return inside and not self.may_be_none(place)

    def may_be_none(self, place: int) -> bool:
        """Say whether a number may be none."""
        return bool(self._known[place].none.any())

    # -- differences -------------------------------------------------------------------

    def difference(self, later: int, earlier: int) -> int | None:
        """Return what one number exceeds another by at least, from which it was made.

        As the end of a layer exceeds its beginning: by the longest way of sums and
        maxima between them. None where there is no such way.
        """
        if not self._ways or not self.finite(later, earlier):
            return None
        node = self._graph.nodes[earlier]
        if node.operation == "sub":  # what is taken away there is given back here
            given, taken = node.takes
            least = self._longest_way(later, given)
            if least is None:
                return None
            more = self.do("add", least, self.written[taken][0])
            return self._rounded(self._rounded(more, earlier), later)
        return self._longest_way(later, earlier)

    def _longest_way(self, later: int, earlier: int) -> int | None:
        if self.low(earlier) < 0.0:
            return None
        ways: dict[int, int] = {earlier: self.number(0.0)}
        for place in self._between(later, earlier):
            way = self._step(place, earlier, ways)
            if way is not None:
                ways[place] = way
        return ways.get(later)

    def _between(self, later: int, earlier: int) -> list[int]:
        """Return places from which one number is made and that lie behind another."""
        waiting, found = [-later], set[int]()  # the last first
        while waiting and len(found) < LONGEST:
            place = -heapq.heappop(waiting)
            if place in found or place <= earlier:
                continue
            found.add(place)
            node = self._graph.nodes[place]
            if node.operation in ("add", "max", "select_n"):
                for taken in node.takes[-2:]:
                    heapq.heappush(waiting, -taken)
        return sorted(found)

    def _step(self, place: int, earlier: int, ways: Mapping[int, int]) -> int | None:
        """Return the longest way to a number from those to what it is made of."""
        node = self._graph.nodes[place]
        if node.operation not in ("add", "max", "select_n"):
            return None
        left, right = node.takes[-2:]
        if (left not in ways and right not in ways) or not self.finite(left, right):
            return None
        if node.operation == "max":
            return self.greatest([ways[at] for at in (left, right) if at in ways])
        if node.operation == "add":
            sums = [
                self.do("add", ways[at], self.written[other][0])
                for at, other in ((left, right), (right, left))
                if at in ways
            ]
            return self._rounded(self.greatest(sums), place)
        always, ever = self.written[node.takes[0]]
        no, yes = (
            ways[at] if at in ways else self._apart(at, earlier) for at in (left, right)
        )
        return self.choose(always, yes, self.choose(ever, self.do("min", no, yes), no))

    def _apart(self, later: int, earlier: int) -> int:
        """Return what one number exceeds another by at least, as far as ends tell."""
        least = self.do("sub", self.written[later][0], self.written[earlier][1])
        return self._rounded(self._rounded(least, later), earlier)

    def _rounded(self, least: int, place: int) -> int:
        """Return a bound, less what a number at a place may have been rounded by."""
        size = self.written[place][1]
        if self.low(place) < 0.0:
            size = self.number(max(-self.low(place), abs(self.high(place))))
        return self.do("sub", least, self.do("mul", size, self.number(ROUNDED)))

    # -- what is written ---------------------------------------------------------------

    def do(self, operation: str, *takes: int) -> int:
        """Return the place of an operation on the new graph."""
        return self.new.add(operation, takes)

    def number(self, value: Any) -> int:
        """Return the place of a number that is known."""
        return self.new.constant(value)

    def choose(self, which: int, yes: int, no: int) -> int:
        """Return the place of a choice."""
        return self.new.add("select_n", (which, no, yes))

    def instead(self, place: int, other: float) -> int:
        """Return a number, or another one where it is none."""
        return self.choose(self.do("ne", place, place), self.number(other), place)

    def least(self, places: Sequence[int]) -> int:
        """Return the least of some numbers."""
        return reduce(lambda a, b: self.do("min", a, b), places)

    def greatest(self, places: Sequence[int]) -> int:
        """Return the greatest of some numbers."""
        return reduce(lambda a, b: self.do("max", a, b), places)

    def wider(self, low: int, high: int) -> Ends:
        """Return ends of what is known to some bits only."""
        for _ in range(WIDER):
            low = self.do("nextafter", low, self.number(-np.inf))
            high = self.do("nextafter", high, self.number(np.inf))
        return low, high

    def _numbers(self, place: int, ends: Ends) -> Ends:
        """Return ends that are numbers: all there are, where one is none."""
        taken = self._graph.nodes[place].takes
        kinds = [self._known[at].low.dtype == float for at in taken]
        numbers = [at for at, kind in zip(taken, kinds, strict=True) if kind]
        if self.finite(place, *numbers):
            return ends
        low, high = ends
        lost = self.do("or", self.do("ne", low, low), self.do("ne", high, high))
        return (
            self.choose(lost, self.number(-np.inf), low),
            self.choose(lost, self.number(np.inf), high),
        )

    def _empty(self, node: Node, ends: Ends, found: Mapping[int, Ends]) -> Ends:
        """Return ends, or none where what they are made of is surely no number."""
        if node.operation in DESPITE_NONE:
            return ends
        none = [
            self.do("gt", *found[at])
            for at in node.takes
            if self._known[at].low.dtype == float and self.may_be_none(at)
        ]
        if not none:
            return ends
        empty = reduce(lambda a, b: self.do("or", a, b), none)
        return (
            self.choose(empty, self.number(np.inf), ends[0]),
            self.choose(empty, self.number(-np.inf), ends[1]),
        )

    def _compare(self, node: Node, found: Mapping[int, Ends]) -> Ends:
        """Return the ends of what is true or false; nothing holds of what is none."""
        left, right = node.takes
        x, y, operation = found[left], found[right], node.operation
        if operation in ("gt", "ge"):
            x, y, operation = y, x, {"gt": "lt", "ge": "le"}[operation]
        if operation in ("lt", "le"):
            always, ever = (
                self.do(operation, x[1], y[0]),
                self.do(operation, x[0], y[1]),
            )
        else:
            points = self.do("and", self.do("eq", *x), self.do("eq", *y))
            always = self.do("and", points, self.do("eq", x[0], y[0]))
            ever = self.do("and", self.do("le", x[0], y[1]), self.do("le", y[0], x[1]))
        none = self.may_be_none(left) or self.may_be_none(right)
        if none:
            always = self.number(np.bool_(False))
        if operation == "ne":
            return self.do("not", ever), self.do("not", always)
        return always, ever


def _add(w: _Writer, _: Node, x: Ends, y: Ends) -> Ends:
    return w.do("add", x[0], y[0]), w.do("add", x[1], y[1])


def _sub(w: _Writer, node: Node, x: Ends, y: Ends) -> Ends:
    if node.takes[0] == node.takes[1]:
        return w.number(0.0), w.number(0.0)
    low, high = w.do("sub", x[0], y[1]), w.do("sub", x[1], y[0])
    least = w.difference(*node.takes)
    return low if least is None else w.do("max", low, least), high


def _neg(w: _Writer, _: Node, x: Ends) -> Ends:
    return w.do("neg", x[1]), w.do("neg", x[0])


def _abs(w: _Writer, node: Node, x: Ends) -> Ends:
    sign = w.sign(node.takes[0])
    if sign:
        return x if sign > 0 else _neg(w, node, x)
    low, high = x
    below = w.do("neg", low)
    least = w.greatest([low, w.do("neg", high), w.number(0.0)])
    return least, w.do("max", below, high)


def _rising(w: _Writer, node: Node, *taken: Ends) -> Ends:
    first, last = (w.do(node.operation, *(x[end] for x in taken)) for end in (0, 1))
    return first, last


def _extreme(w: _Writer, node: Node, x: Ends, y: Ends) -> Ends:
    """Return the ends of the larger or smaller of two; of one, where that is known."""
    left, right = node.takes
    larger, smaller = (x, y) if node.operation == "max" else (y, x)
    if not (w.may_be_none(left) or w.may_be_none(right)):
        if w.low(left) >= w.high(right):
            return larger
        if w.low(right) >= w.high(left):
            return smaller
    return _rising(w, node, x, y)


def _sqrt(w: _Writer, node: Node, x: Ends) -> Ends:
    zero = w.number(0.0)
    low, high = (w.do("max", end, zero) for end in x)
    return w.do("sqrt", low), w.do("sqrt", high)


def _from(least: float) -> Callable[..., Ends]:
    def rule(w: _Writer, node: Node, x: Ends) -> Ends:
        low, high = (w.do("max", end, w.number(least)) for end in x)
        return w.wider(w.do(node.operation, low), w.do(node.operation, high))

    return rule


def _nearly(w: _Writer, node: Node, x: Ends) -> Ends:
    return w.wider(*_rising(w, node, x))


def _corners(w: _Writer, node: Node, x: Ends, y: Ends) -> Ends:
    """Return the least and the greatest of what ends of both give; none is 0."""
    found = [w.do(node.operation, a, b) for a, b in product(x, y)]
    if not w.finite(*node.takes) or node.operation != "mul":
        found = [w.instead(corner, 0.0) for corner in found]
    return w.least(found), w.greatest(found)


def _mul(w: _Writer, node: Node, x: Ends, y: Ends) -> Ends:
    left, right = node.takes
    if left == right:
        low, high = _abs(w, node, x)
        return w.do("mul", low, low), w.do("mul", high, high)
    if not w.finite(left, right) or not (w.sign(left) or w.sign(right)):
        return _corners(w, node, x, y)
    if not w.sign(left):
        left, right, x, y = right, left, y, x
    if w.sign(left) < 0:
        low, high = _product(w, _neg(w, node, x), y, w.sign(right))
        return w.do("neg", high), w.do("neg", low)
    return _product(w, x, y, w.sign(right))


def _product(w: _Writer, x: Ends, y: Ends, sign: int) -> Ends:
    """Return the ends of x y for an x that is not below 0."""
    low = [w.do("mul", end, y[0]) for end in x]
    high = [w.do("mul", end, y[1]) for end in x]
    if sign > 0:
        return low[0], high[1]
    if sign < 0:
        return low[1], high[0]
    return w.least(low), w.greatest(high)


def _div(w: _Writer, node: Node, x: Ends, y: Ends) -> Ends:
    above, below = node.takes
    if w.low(below) <= 0.0 <= w.high(below):
        low, high = _corners(w, node, x, y)
        zero = w.number(0.0)
        any_size = w.do("and", w.do("le", y[0], zero), w.do("ge", y[1], zero))
        return (
            w.choose(any_size, w.number(-np.inf), low),
            w.choose(any_size, w.number(np.inf), high),
        )
    if not w.finite(above, below):
        return _corners(w, node, x, y)
    if w.high(below) < 0.0:
        low, high = _quotient(w, x, _neg(w, node, y), w.sign(above))
        return w.do("neg", high), w.do("neg", low)
    return _quotient(w, x, y, w.sign(above))


def _quotient(w: _Writer, x: Ends, y: Ends, sign: int) -> Ends:
    """Return the ends of x / y for a y above 0."""
    low = [w.do("div", x[0], end) for end in y]
    high = [w.do("div", x[1], end) for end in y]
    if sign > 0:
        return low[1], high[0]
    if sign < 0:
        return low[0], high[1]
    return w.least(low), w.greatest(high)


def _pow(w: _Writer, node: Node, x: Ends, y: Ends) -> Ends:
    low, high = _corners(w, node, x, y)
    if w.low(node.takes[0]) <= 0.0:
        fine = w.do("gt", x[0], w.number(0.0))
        low = w.choose(fine, low, w.number(-np.inf))
        high = w.choose(fine, high, w.number(np.inf))
    return w.wider(low, high)


def _next_after(w: _Writer, _: Node, x: Ends, __: Ends) -> Ends:
    low, high = w.number(-np.inf), w.number(np.inf)
    return w.do("nextafter", x[0], low), w.do("nextafter", x[1], high)


def _select(w: _Writer, node: Node, which: Ends, no: Ends, yes: Ends) -> Ends:
    if w.low(node.takes[0]) == 1.0:
        return yes
    if w.high(node.takes[0]) == 0.0:
        return no
    always, ever = which
    logical = w.new.kinds[no[0]].kind == "b"
    least, greatest = ("and", "or") if logical else ("min", "max")
    both = w.do(least, no[0], yes[0]), w.do(greatest, no[1], yes[1])
    low, high = (
        w.choose(always, yes[end], w.choose(ever, both[end], no[end])) for end in (0, 1)
    )
    return low, high


def _logic(w: _Writer, node: Node, *taken: Ends) -> Ends:
    if node.operation == "not":
        ((low, high),) = taken
        return w.do("not", high), w.do("not", low)
    return _rising(w, node, *taken)


def _is_finite(w: _Writer, _: Node, __: Ends) -> Ends:
    return w.number(np.bool_(False)), w.number(np.bool_(True))


def _convert(w: _Writer, node: Node, x: Ends) -> Ends:
    """Return ends of another kind, which keeps their order where it holds them."""
    (taken,), kind = node.takes, np.dtype(node.detail)
    if kind.kind == "b" or (kind.kind == "i" and not w.fits(taken, kind)):
        raise NotByRowsError(f"`{CONVERT}` to `{kind}` is not written down.")
    low, high = (w.new.add(CONVERT, (end,), node.detail) for end in x)
    return low, high


_RULES: dict[str, Callable[..., Ends]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "abs": _abs,
    "sqrt": _sqrt,
    "log": _from(0.0),
    "log1p": _from(-1.0),
    "pow": _pow,
    "nextafter": _next_after,
    "select_n": _select,
    "is_finite": _is_finite,
    CONVERT: _convert,
    **dict.fromkeys(_RISING, _rising),
    **dict.fromkeys(("max", "min"), _extreme),
    **dict.fromkeys(_RISING_NEARLY, _nearly),
    **dict.fromkeys(("and", "or", "not"), _logic),
}
