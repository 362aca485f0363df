"""Between which numbers the answers of a function lie, over whole boxes of its inputs.

Interval arithmetic over the graph: of every operation the least and the greatest result
follow from those of what it takes. Rounding never turns an order round, so that ends
that are worked out as answers are hold these to the last bit; what NumPy knows to some
bits only is widened by a few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dse.arrays import Array
from dse.compile.errors import NotByRowsError
from dse.compile.graph import COMPARED, CONSTANT, CONVERT, INPUT, Graph, Kind, Node
from dse.compile.numpy_functions import FUNCTIONS, convert
from dse.errors import InputError

DESPITE_NONE = ("select_n", "pow")  # may be numbers where what they take is none
WIDER = 8  # spacings of floats, for what is not rounded correctly
_LEAST_OF_GAMMA = 1.4616321449683623  # where the logarithm of gamma is least


class Interval(NamedTuple):
    """Numbers from `low` to `high`; `none` says whether it may be no number at all.

    Arrays `[boxes]`, or `[1]` for what is the same in all boxes.
    """

    low: Array
    high: Array
    none: Array


Box = tuple[ArrayLike, ArrayLike]  # the ends of one input, low and high


def read_boxes(
    boxes: Mapping[str, Box], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Interval]:
    """Return the intervals of inputs, their own dimensions first.

    Raises `InputError` for ends that are amiss.
    """
    found = {}
    for name, shape in shapes.items():
        low, high = (np.asarray(end, float) for end in boxes[name])
        if not np.all(low <= high):
            raise InputError(f"box `{name}`: give numbers low <= high.")
        low, high = (x[..., None] if x.ndim == len(shape) else x for x in (low, high))
        found[name] = Interval(low, high, np.zeros(1, bool))
    return found


def bound(
    graph: Graph, places: Sequence[int], inputs: Mapping[Any, Interval]
) -> list[Interval]:
    """Return between which numbers those at some places lie.

    Raises `NotByRowsError` for an operation that is left to JAX as a whole.
    """
    found: dict[int, Interval] = {}
    with np.errstate(all="ignore"):
        for place in graph.needed(places):
            node = graph.nodes[place]
            if node.operation == INPUT:
                found[place] = inputs[node.detail]
            elif node.operation == CONSTANT:
                found[place] = _constant(np.atleast_1d(node.detail))
            elif node.operation in _RULES:
                taken = [found[at] for at in node.takes]
                told = _RULES[node.operation](node, *taken)
                told = _clean(_of_kind(told, graph.kinds[place]))
                found[place] = _empty(node, told, taken)
            else:
                equation = graph.origins[place]
                error = NotByRowsError(f"`{equation.primitive.name}` has no bounds.")
                raise error.at(equation)
    return [found[place] for place in places]


def _constant(number: Array) -> Interval:
    """Return a number that is known; what is none has no ends, as nothing lies there.

    So a choice between it and a number has the ends of the number, and what is made of
    it by arithmetic is none either.
    """
    none = number != number
    if not none.any():
        return Interval(number, number, none)
    return Interval(np.full(1, np.inf), np.full(1, -np.inf), none)


def _clean(found: Interval) -> Interval:
    """Return an interval whose ends are numbers: all there are, where one is none."""
    low, high, none = found
    if low.dtype.kind != "f":
        return found
    lost = np.isnan(low) | np.isnan(high)
    if not lost.any():
        return found
    return Interval(np.where(lost, -np.inf, low), np.where(lost, np.inf, high), none)


def _empty(node: Node, found: Interval, taken: Sequence[Interval]) -> Interval:
    """Return an interval, without ends where what it is made of is surely none."""
    if node.operation in DESPITE_NONE or found.low.dtype.kind != "f":
        return found
    floats = [x for x in taken if x.low.dtype.kind == "f"]
    none = reduce(np.logical_or, (x.low > x.high for x in floats), np.zeros(1, bool))
    if not none.any():
        return found
    low, high = np.where(none, np.inf, found.low), np.where(none, -np.inf, found.high)
    return Interval(low, high, found.none)


def _of_kind(found: Interval, kind: Kind) -> Interval:
    """Return whole numbers as such; any of their kind where they may have overflown."""
    if kind.kind == "f" or found.low.dtype == kind:
        return found
    if kind.kind == "b":
        return Interval(found.low != 0, found.high != 0, found.none)
    ends = np.iinfo(kind)
    exact = 2.0 ** min(53, ends.bits - 1)
    inside = (found.low > -exact) & (found.high < exact)
    low = np.where(inside, found.low, 0.0).astype(kind)
    high = np.where(inside, found.high, 0.0).astype(kind)
    lowest, highest = kind.type(ends.min), kind.type(ends.max)
    return Interval(
        np.where(inside, low, lowest), np.where(inside, high, highest), found.none
    )


def _none_of(taken: Sequence[Interval]) -> Array:
    found: Array = taken[0].none
    for other in taken[1:]:
        found = found | other.none
    return found


def _wide(x: Interval) -> tuple[Array, Array]:
    """Return the ends as floats, if they are whole numbers."""
    if x.low.dtype.kind == "f":
        return x.low, x.high
    return x.low.astype(float), x.high.astype(float)


# -- operations that rise or fall with what they take ----------------------------------


def _rising(node: Node, *taken: Interval) -> Interval:
    ends = [_wide(x) for x in taken]
    function = FUNCTIONS[node.operation]
    low, high = (function(*(x[end] for x in ends)) for end in (0, 1))
    lost = np.isnan(low) | np.isnan(high)
    return Interval(low, high, _none_of(taken) | lost)


def _sub(node: Node, x: Interval, y: Interval) -> Interval:
    if node.takes[0] == node.takes[1]:
        zero = np.zeros(1, x.low.dtype)
        return Interval(zero, zero, x.none | _infinite(x))
    return _add(Node("add", node.takes), x, _neg(node, y))


def _add(node: Node, x: Interval, y: Interval) -> Interval:
    found = _rising(node, x, y)
    if x.low.dtype.kind != "f":
        return found
    meet = (np.isposinf(x.high) & np.isneginf(y.low)) | (
        np.isneginf(x.low) & np.isposinf(y.high)
    )
    return found._replace(none=found.none | meet)


def _neg(_: Node, x: Interval) -> Interval:
    low, high = _wide(x)
    return Interval(-high, -low, x.none)


def _abs(_: Node, x: Interval) -> Interval:
    low, high = _wide(x)
    least = np.maximum(np.maximum(low, -high), 0.0)
    return Interval(least, np.maximum(-low, high), x.none)


def _widened(rule: Callable[..., Interval]) -> Callable[..., Interval]:
    """Return a rule for a function that NumPy knows to some bits only."""

    def wider(node: Node, *taken: Interval) -> Interval:
        low, high, none = rule(node, *taken)
        for _ in range(WIDER):
            low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
        return Interval(low, high, none)

    return wider


def _from(least: float) -> Callable[..., Interval]:
    """Return a rule for what rises from `least` on, and is none below."""

    def rule(node: Node, x: Interval) -> Interval:
        cut = Interval(np.maximum(x.low, least), np.maximum(x.high, least), x.none)
        found = _rising(node, cut)
        return found._replace(none=found.none | (x.low < least))

    return rule


def _falling(node: Node, x: Interval) -> Interval:
    found = _rising(node, x)
    return Interval(found.high, found.low, found.none)


def _rsqrt(node: Node, x: Interval) -> Interval:
    positive = x.low > 0.0
    found = _falling(node, Interval(np.maximum(x.low, 0.0), x.high, x.none))
    none = x.none | (x.low < 0.0)
    return Interval(np.where(positive, found.low, -np.inf), found.high, none)


# -- products --------------------------------------------------------------------------


def _infinite(x: Interval) -> Array:
    found: Array = np.isinf(x.low) | np.isinf(x.high)
    return found


def _zero_in(x: Interval) -> Array:
    return (x.low <= 0) & (x.high >= 0)


def _corners(
    function: Callable[..., Any], x: Interval, y: Interval
) -> tuple[Array, Array]:
    """Return the least and the greatest of what two ends of each give; NaN is 0."""
    pairs = product(_wide(x), _wide(y))
    found = [function(a, b) for a, b in pairs]
    numbers = [np.where(np.isnan(corner), 0.0, corner) for corner in found]
    low = np.minimum(np.minimum(*numbers[:2]), np.minimum(*numbers[2:]))
    return low, np.maximum(np.maximum(*numbers[:2]), np.maximum(*numbers[2:]))


def _mul(node: Node, x: Interval, y: Interval) -> Interval:
    if node.takes[0] == node.takes[1]:
        size = _abs(node, x)
        return Interval(size.low * size.low, size.high * size.high, x.none)
    low, high = _corners(np.multiply, x, y)
    none = (_zero_in(x) & _infinite(y)) | (_zero_in(y) & _infinite(x))
    return Interval(low, high, _none_of((x, y)) | none)


def _div(node: Node, x: Interval, y: Interval) -> Interval:
    low, high = _corners(np.divide, x, y)
    any_size = _zero_in(y)  # of either sign, 0 has one
    none = (any_size & _zero_in(x)) | (_infinite(x) & _infinite(y))
    return Interval(
        np.where(any_size, -np.inf, low),
        np.where(any_size, np.inf, high),
        _none_of((x, y)) | none,
    )


def _pow(node: Node, x: Interval, y: Interval) -> Interval:
    """Bound x^y: of a positive x by corners, as y log x; else by any number."""
    function = FUNCTIONS[node.operation]
    low, high = _corners(function, x, y)
    fine, none = x.low > 0.0, _none_of((x, y))
    return Interval(
        np.where(fine, low, -np.inf), np.where(fine, high, np.inf), none | ~fine
    )


# -- others ----------------------------------------------------------------------------


def _compare(node: Node, x: Interval, y: Interval) -> Interval:
    """Bound what is true or false: false to false, false to true, true to true."""
    none, same = _none_of((x, y)), node.takes[0] == node.takes[1]
    if same:  # as to tell what is no number
        holds = np.full(1, node.operation in ("eq", "le", "ge"))
        unequal = none & (node.operation == "ne")
        return Interval(holds & ~none, holds | unequal, np.zeros(1, bool))
    always, never = {
        "lt": (x.high < y.low, x.low >= y.high),
        "le": (x.high <= y.low, x.low > y.high),
        "gt": (x.low > y.high, x.high <= y.low),
        "ge": (x.low >= y.high, x.high < y.low),
        "eq": _equality(x, y),
        "ne": _equality(x, y)[::-1],
    }[node.operation]
    if node.operation == "ne":  # nothing equals what is no number
        return Interval(always, ~never | none, np.zeros(1, bool))
    return Interval(always & ~none, ~never, np.zeros(1, bool))


def _equality(x: Interval, y: Interval) -> tuple[Array, Array]:
    same = (x.low == x.high) & (y.low == y.high) & (x.low == y.low)
    return same, (x.high < y.low) | (y.high < x.low)


def _is_finite(_: Node, x: Interval) -> Interval:
    never = (x.low == x.high) & np.isinf(x.low)
    return Interval(~(_infinite(x) | x.none), ~never, np.zeros(1, bool))


def _logic(node: Node, *taken: Interval) -> Interval:
    if any(x.low.dtype != bool for x in taken):
        alike = np.iinfo(taken[0].low.dtype)
        lowest, highest = (
            np.full(1, end, alike.dtype) for end in (alike.min, alike.max)
        )
        return Interval(lowest, highest, np.zeros(1, bool))
    none = np.zeros(1, bool)
    if node.operation == "not":
        (x,) = taken
        return Interval(~x.high, ~x.low, none)
    x, y = taken
    if node.operation == "xor":
        known = (x.low == x.high) & (y.low == y.high)
        return Interval(known & (x.low ^ y.low), ~known | (x.low ^ y.low), none)
    function = FUNCTIONS[node.operation]
    return Interval(function(x.low, y.low), function(x.high, y.high), none)


def _select(_: Node, which: Interval, no: Interval, yes: Interval) -> Interval:
    always, never = which.low, ~which.high
    low = np.where(
        always, yes.low, np.where(never, no.low, np.minimum(no.low, yes.low))
    )
    most = np.maximum(no.high, yes.high)
    high = np.where(always, yes.high, np.where(never, no.high, most))
    none = np.where(always, yes.none, np.where(never, no.none, no.none | yes.none))
    return Interval(low, high, none)


def _convert(node: Node, x: Interval) -> Interval:
    kind, old = np.dtype(node.detail), x.low.dtype
    none = x.none if kind.kind == "f" else np.zeros(1, bool)
    if kind.kind == "b":
        never = (x.low == 0) & (x.high == 0) & ~x.none
        return Interval(~_zero_in(x) | (x.low != x.low), ~never, none)
    low, high = convert(x.low, kind), convert(x.high, kind)
    if kind.kind == "i" and old.kind == "f":  # no number becomes 0
        low = np.where(x.none, np.minimum(low, kind.type(0)), low)
        high = np.where(x.none, np.maximum(high, kind.type(0)), high)
    if kind.kind == "i" and old.kind == "i" and kind.itemsize < old.itemsize:
        ends = np.iinfo(kind)
        inside = (x.low >= ends.min) & (x.high <= ends.max)
        low = np.where(inside, low, kind.type(ends.min))
        high = np.where(inside, high, kind.type(ends.max))
    return Interval(low, high, none)


def _lgamma(_: Node, x: Interval) -> Interval:
    positive = x.low > 0.0
    low, high = (FUNCTIONS["lgamma"](end) for end in (x.low, x.high))
    least = FUNCTIONS["lgamma"](np.clip(_LEAST_OF_GAMMA, x.low, x.high))
    return _beside_zeros(least, np.maximum(low, high), x, positive, x.none)


def _digamma(node: Node, x: Interval) -> Interval:
    found, positive = _rising(node, x), x.low > 0.0
    return _beside_zeros(found.low, found.high, x, positive, x.none | ~positive)


def _beside_zeros(
    low: Array, high: Array, x: Interval, told: Array, none: Array
) -> Interval:
    """Return ends of what has zeros of its own, right to the size of x; if told."""
    size = np.maximum(np.abs(x.low), np.abs(x.high))
    beside = 64.0 * np.finfo(low.dtype).eps * (10.0 + size * np.log(size + 2.0))
    beside = np.where(np.isfinite(beside), beside, 0.0)
    return Interval(
        np.where(told, low - beside, -np.inf),
        np.where(told, high + beside, np.inf),
        none,
    )


def _next_after(_: Node, x: Interval, y: Interval) -> Interval:
    low, high = np.nextafter(x.low, -np.inf), np.nextafter(x.high, np.inf)
    return Interval(low, high, _none_of((x, y)))


_RULES: dict[str, Callable[..., Interval]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "abs": _abs,
    "sqrt": _from(0.0),
    "log": _widened(_from(0.0)),
    "log1p": _widened(_from(-1.0)),
    **dict.fromkeys(("max", "min", "ceil", "floor", "round", "round_away"), _rising),
    **dict.fromkeys(("exp", "exp2", "expm1", "tanh", "cbrt"), _widened(_rising)),
    **dict.fromkeys(("logistic", "erf"), _widened(_rising)),
    "sign": _rising,
    "erfc": _widened(_falling),
    "rsqrt": _rsqrt,
    "pow": _widened(_pow),
    "lgamma": _widened(_lgamma),
    "digamma": _widened(_digamma),
    "nextafter": _next_after,
    "is_finite": _is_finite,
    "select_n": _select,
    CONVERT: _convert,
    **dict.fromkeys(COMPARED, _compare),
    **dict.fromkeys(("and", "or", "xor", "not"), _logic),
}
