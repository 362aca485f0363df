"""Costly functions, written in operations that every processor has, and exp and log.

Each takes a graph and places of numbers, and gives the place of the result. They
are as exact as their graph's numbers are, a few roundings aside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from dse.compile.graph import CONVERT, Graph, Node

# Lanczos's sum for the gamma function, g = 7: the coefficients that JAX and GSL use.
_LANCZOS = (
    *(0.99999999999980993227684700473478, 676.520368121885098567009190444019),
    *(-1259.13921672240287047156078755283, 771.3234287776530788486528258894),
    *(-176.61502916214059906584551354, 12.507343278686904814458936853),
    *(-0.13857109526572011689554707, 9.984369578019570859563e-6),
    1.50563273514931155834e-7,
)
_SHIFT = 7.5  # g + 1/2
_MULTIPLIED = 16  # the largest power that is multiplied out


def expm1(graph: Graph, x: int) -> int:
    """Return exp(x) - 1: (u - 1) x / log(u) with u = exp(x), whose errors cancel."""
    one, infinite = graph.constant(1.0), graph.constant(math.inf)
    u = graph.add("exp", (x,))
    less = graph.add("sub", (u, one))
    right = graph.add("mul", (less, graph.add("div", (x, graph.add("log", (u,))))))
    right = _choose(graph, graph.add("eq", (u, one)), x, right)
    right = _choose(graph, graph.add("eq", (u, infinite)), u, right)
    lost = graph.add("eq", (less, graph.constant(-1.0)))
    return _choose(graph, lost, less, right)


def log1p(graph: Graph, x: int) -> int:
    """Return log(1 + x): log(u) x / (u - 1) with u = 1 + x, whose errors cancel."""
    one, infinite = graph.constant(1.0), graph.constant(math.inf)
    u = graph.add("add", (x, one))
    missed = graph.add("div", (x, graph.add("sub", (u, one))))
    right = graph.add("mul", (graph.add("log", (u,)), missed))
    right = _choose(graph, graph.add("eq", (u, one)), x, right)
    return _choose(graph, graph.add("eq", (x, infinite)), x, right)


def tanh(graph: Graph, x: int) -> int:
    """Return (1 - e) / (1 + e) with e = exp(-2 |x|), and the sign of x."""
    doubled = graph.add("mul", (graph.constant(-2.0), graph.add("abs", (x,))))
    less = expm1(graph, doubled)
    above = graph.add("neg", (less,))
    size = graph.add("div", (above, graph.add("add", (less, graph.constant(2.0)))))
    zero = graph.constant(0.0)
    signed = _choose(graph, graph.add("lt", (x, zero)), graph.add("neg", (size,)), size)
    return _choose(graph, graph.add("eq", (x, zero)), x, signed)


def logistic(graph: Graph, x: int) -> int:
    """Return 1 / (1 + exp(-x))."""
    one = graph.constant(1.0)
    shrunk = graph.add("exp", (graph.add("neg", (x,)),))
    return graph.add("div", (one, graph.add("add", (one, shrunk))))


def rsqrt(graph: Graph, x: int) -> int:
    """Return 1 / sqrt(x)."""
    return graph.add("div", (graph.constant(1.0), graph.add("sqrt", (x,))))


def sign(graph: Graph, x: int) -> int:
    """Return -1 or 1, and what has no sign as it is."""
    zero = graph.constant(0.0)
    below = _choose(graph, graph.add("lt", (x, zero)), graph.constant(-1.0), x)
    return _choose(graph, graph.add("gt", (x, zero)), graph.constant(1.0), below)


def is_finite(graph: Graph, x: int) -> int:
    """Return whether a number is neither infinite nor none."""
    return graph.add("lt", (graph.add("abs", (x,)), graph.constant(math.inf)))


def power(graph: Graph, x: int, y: int) -> int:
    """Return x^y: the power of |x|, whose sign is that of x where y is odd."""
    base, exponent = graph.known(x), graph.known(y)
    if base is not None and 0.0 < base < math.inf:
        return x if base == 1.0 else graph.add("power", (x, y))
    if exponent is not None and _is_whole(exponent) and abs(exponent) <= _MULTIPLIED:
        return graph.add("integer_pow", (x,), int(exponent))
    one, zero = graph.constant(1.0), graph.constant(0.0)
    size = graph.add("abs", (x,))
    found = graph.add("power", (size, y))
    below = graph.add("lt", (x, zero))
    none = graph.add("and", (below, graph.add("gt", (x, graph.constant(-math.inf)))))
    if graph.always(y, lambda number: math.isfinite(number) and not _is_whole(number)):
        return _choose(graph, none, graph.constant(math.nan), found)
    of_one = graph.add("and", (_equal(graph, size, one), _equal(graph, y, y)))
    found = _choose(graph, of_one, one, found)
    whole = _equal(graph, y, graph.add("floor", (y,)))
    half = graph.add("mul", (y, graph.constant(0.5)))
    odd = graph.add("ne", (half, graph.add("floor", (half,))))
    odd = graph.add("and", (whole, odd))
    turned = graph.add("lt", (graph.add("div", (one, x)), zero))  # x may be -0
    signed = graph.add("and", (odd, graph.add("or", (below, turned))))
    found = _choose(graph, signed, graph.add("neg", (found,)), found)
    none = graph.add("and", (none, graph.add("not", (whole,))))
    found = _choose(graph, none, graph.constant(math.nan), found)
    always = graph.add("or", (_equal(graph, x, one), _equal(graph, y, zero)))
    return _choose(graph, always, one, found)


def _is_whole(number: float) -> bool:
    return math.isfinite(number) and number == math.floor(number)


def lgamma(graph: Graph, x: int) -> int:
    """Return log |gamma(x)|: by Lanczos's sum, mirrored about 1/2 below it.

    With gamma(x) gamma(1 - x) = pi / sin(pi x).
    """
    below, own = _mirrored(graph, x)
    total, _, shifted = _lanczos(graph, own)
    half = graph.add("add", (own, graph.constant(0.5)))
    less = graph.add("sub", (graph.add("log", (shifted,)), graph.constant(1.0)))
    found = graph.add("mul", (half, less))
    found = graph.add("sub", (found, graph.constant(_SHIFT - 0.5)))
    rest = graph.add("log", (graph.add("div", (total, own)),))
    found = graph.add("add", (found, rest))
    found = graph.add("add", (found, graph.constant(0.5 * math.log(2.0 * math.pi))))
    infinite = graph.constant(math.inf)
    huge = graph.add("eq", (own, infinite))
    found = _choose(graph, huge, infinite, found)
    sine, _ = _of_angle(graph, x)
    of_sine = graph.add("log", (graph.add("abs", (sine,)),))
    turned = graph.add("sub", (graph.constant(math.log(math.pi)), of_sine))
    mirrored = graph.add("sub", (turned, found))
    pole = graph.add("eq", (sine, graph.constant(0.0)))
    mirrored = _choose(graph, pole, infinite, mirrored)
    mirrored = _choose(graph, huge, infinite, mirrored)  # x is -infinity
    return _choose(graph, below, mirrored, found)


def digamma(graph: Graph, x: int) -> int:
    """Return the slope of `lgamma`; none where that is infinite, but at infinity."""
    below, own = _mirrored(graph, x)
    total, slope, shifted = _lanczos(graph, own)
    half = graph.add("add", (own, graph.constant(0.5)))
    found = graph.add("log", (shifted,))
    found = graph.add("add", (found, graph.add("div", (half, shifted))))
    found = graph.add("sub", (found, graph.constant(1.0)))
    found = graph.add("add", (found, graph.add("div", (slope, total))))
    found = graph.add("sub", (found, graph.add("div", (graph.constant(1.0), own))))
    infinite = graph.constant(math.inf)
    found = _choose(graph, graph.add("eq", (own, infinite)), infinite, found)
    sine, cosine = _of_angle(graph, x)
    turned = graph.add("div", (graph.constant(math.pi), sine))
    turned = graph.add("mul", (turned, cosine))
    mirrored = graph.add("sub", (found, turned))
    pole = graph.add("eq", (sine, graph.constant(0.0)))
    mirrored = _choose(graph, pole, graph.constant(math.nan), mirrored)
    return _choose(graph, below, mirrored, found)


def _mirrored(graph: Graph, x: int) -> tuple[int, int]:
    """Return whether x is below 1/2, and 1 - x there, else x."""
    below = graph.add("lt", (x, graph.constant(0.5)))
    other = graph.add("sub", (graph.constant(1.0), x))
    return below, _choose(graph, below, other, x)


def _of_angle(graph: Graph, x: int) -> tuple[int, int]:
    """Return sin and cos of pi x but for a sign that is in both.

    By Taylor's series of the rest of x beside a whole number, at most 1/2.
    """
    rest = graph.add("sub", (x, graph.add("round", (x,))))
    angle = graph.add("mul", (rest, graph.constant(math.pi)))
    square = graph.add("mul", (angle, angle))
    sine, cosine = graph.constant(0.0), graph.constant(0.0)
    for number in reversed(range(12)):
        sign = (-1.0) ** number
        for_sine = graph.constant(sign / math.factorial(2 * number + 1))
        for_cosine = graph.constant(sign / math.factorial(2 * number))
        sine = graph.add("add", (graph.add("mul", (sine, square)), for_sine))
        cosine = graph.add("add", (graph.add("mul", (cosine, square)), for_cosine))
    return graph.add("mul", (sine, angle)), cosine


def _lanczos(graph: Graph, x: int) -> tuple[int, int, int]:
    """Return c0 + sum of ck / (x + k), its slope by x, and x + 7.5."""
    total, slope = graph.constant(_LANCZOS[0]), graph.constant(0.0)
    for number, coefficient in enumerate(_LANCZOS[1:], start=1):
        below = graph.add("add", (x, graph.constant(float(number))))
        part = graph.add("div", (graph.constant(coefficient), below))
        total = graph.add("add", (total, part))
        slope = graph.add("sub", (slope, graph.add("div", (part, below))))
    return total, slope, graph.add("add", (x, graph.constant(_SHIFT)))


def _choose(graph: Graph, which: int, yes: int, no: int) -> int:
    return graph.add("select_n", (which, no, yes))


def _equal(graph: Graph, a: int, b: int) -> int:
    return graph.add("eq", (a, b))


WRITTEN_OUT: dict[str, Callable[..., int]] = {
    "expm1": expm1,
    "log1p": log1p,
    "tanh": tanh,
    "logistic": logistic,
    "rsqrt": rsqrt,
    "sign": sign,
    "is_finite": is_finite,
    "pow": power,
    "lgamma": lgamma,
    "digamma": digamma,
}


def write_out(
    graph: Graph, places: Sequence[int], *, fast_math: bool
) -> tuple[Graph, list[int]]:
    """Return a graph of simple operations alone, and where in it some numbers are."""
    simple = Graph(fast_math=fast_math)
    found: dict[int, int] = {}
    with np.errstate(all="ignore"):
        for place in graph.needed(places):
            node = graph.nodes[place]
            simple.origin = graph.origins[place]
            found[place] = _written(simple, node, [found[at] for at in node.takes])
    return simple, [found[place] for place in places]


def _written(graph: Graph, node: Node, takes: list[int]) -> int:
    write = WRITTEN_OUT.get(node.operation)
    if write is None:
        return graph.again(node, takes)
    if graph.kinds[takes[0]] == np.float64:
        return write(graph, *takes)
    wide = [graph.add(CONVERT, (place,), "float64") for place in takes]
    found = write(graph, *wide)
    if graph.kinds[found].kind == "b":
        return found
    return graph.add(CONVERT, (found,), "float32")
