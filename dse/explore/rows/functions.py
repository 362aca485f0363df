"""Dear functions, written out in operations that every processor has, and exp and log.

Each takes a graph and the place of a number, and gives the place of the result. They
are as exact as their graph's numbers are, a few roundings aside.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dse.explore.rows.graph import Graph

# Lanczos's sum for the gamma function, g = 7: the coefficients that JAX and GSL use.
_LANCZOS = (
    *(0.99999999999980993227684700473478, 676.520368121885098567009190444019),
    *(-1259.13921672240287047156078755283, 771.3234287776530788486528258894),
    *(-176.61502916214059906584551354, 12.507343278686904814458936853),
    *(-0.13857109526572011689554707, 9.984369578019570859563e-6),
    1.50563273514931155834e-7,
)
_SHIFT = 7.5  # g + 1/2


def expm1(graph: Graph, x: int) -> int:
    """Return exp(x) - 1: (u - 1) x / log(u) with u = exp(x), whose errors cancel."""
    one = graph.constant(1.0)
    u = graph.add("exp", (x,))
    less = graph.add("sub", (u, one))
    scaled = graph.add("mul", (less, x))
    right = graph.add("div", (scaled, graph.add("log", (u,))))
    tiny = graph.add("eq", (u, one))
    lost = graph.add("eq", (u, graph.constant(0.0)))
    return _choose(graph, tiny, x, _choose(graph, lost, graph.constant(-1.0), right))


def log1p(graph: Graph, x: int) -> int:
    """Return log(1 + x): log(u) x / (u - 1) with u = 1 + x, whose errors cancel."""
    one = graph.constant(1.0)
    u = graph.add("add", (x, one))
    scaled = graph.add("mul", (graph.add("log", (u,)), x))
    right = graph.add("div", (scaled, graph.add("sub", (u, one))))
    return _choose(graph, graph.add("eq", (u, one)), x, right)


def tanh(graph: Graph, x: int) -> int:
    """Return (1 - e) / (1 + e) with e = exp(-2 |x|), and the sign of x."""
    doubled = graph.add("mul", (graph.constant(-2.0), graph.add("abs", (x,))))
    less = expm1(graph, doubled)
    above = graph.add("neg", (less,))
    size = graph.add("div", (above, graph.add("add", (less, graph.constant(2.0)))))
    below = graph.add("lt", (x, graph.constant(0.0)))
    return _choose(graph, below, graph.add("neg", (size,)), size)


def logistic(graph: Graph, x: int) -> int:
    """Return 1 / (1 + exp(-x))."""
    one = graph.constant(1.0)
    shrunk = graph.add("exp", (graph.add("neg", (x,)),))
    return graph.add("div", (one, graph.add("add", (one, shrunk))))


def rsqrt(graph: Graph, x: int) -> int:
    """Return 1 / sqrt(x)."""
    return graph.add("div", (graph.constant(1.0), graph.add("sqrt", (x,))))


def sign(graph: Graph, x: int) -> int:
    """Return -1, 0 or 1."""
    zero = graph.constant(0.0)
    below = _choose(
        graph, graph.add("lt", (x, zero)), graph.constant(-1.0), graph.constant(0.0)
    )
    return _choose(graph, graph.add("gt", (x, zero)), graph.constant(1.0), below)


def is_finite(graph: Graph, x: int) -> int:
    """Return whether a number is neither infinite nor none."""
    return graph.add("lt", (graph.add("abs", (x,)), graph.constant(math.inf)))


def lgamma(graph: Graph, x: int) -> int:
    """Return log(gamma(x)) of a positive x, by Lanczos's sum for gamma(x + 1)."""
    total, _, shifted = _lanczos(graph, x)
    half = graph.add("add", (x, graph.constant(0.5)))
    found = graph.add("mul", (half, graph.add("log", (shifted,))))
    found = graph.add("sub", (found, shifted))
    rest = graph.add("log", (graph.add("div", (total, x)),))
    found = graph.add("add", (found, rest))
    return graph.add("add", (found, graph.constant(0.5 * math.log(2.0 * math.pi))))


def digamma(graph: Graph, x: int) -> int:
    """Return the slope of `lgamma` at a positive x."""
    total, slope, shifted = _lanczos(graph, x)
    half = graph.add("add", (x, graph.constant(0.5)))
    found = graph.add("log", (shifted,))
    found = graph.add("add", (found, graph.add("div", (half, shifted))))
    found = graph.add("sub", (found, graph.constant(1.0)))
    found = graph.add("add", (found, graph.add("div", (slope, total))))
    return graph.add("sub", (found, graph.add("div", (graph.constant(1.0), x))))


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


WRITTEN_OUT: dict[str, Callable[[Graph, int], int]] = {
    "expm1": expm1,
    "log1p": log1p,
    "tanh": tanh,
    "logistic": logistic,
    "rsqrt": rsqrt,
    "sign": sign,
    "is_finite": is_finite,
    "lgamma": lgamma,
    "digamma": digamma,
}
