"""A traced model as a list of operations on single numbers, for JAX to compile.

Taken apart into numbers, equal ops and equal layers become one: BERT-Base on a tile
engine is about 1,700 operations a design. JAX compiles the list to loops over rows; a
model of arrays that `jax.vmap` spreads over designs does all of them again for each op.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax import Array, lax

from dse.explore.scalar_graph import CONSTANT, INPUT, Graph, Node
from dse.explore.scalar_rules import Places, constants, write_numbers
from dse.explore.tracing import follow, trace

# Operations that are worth a value in memory rather than doing them twice: XLA repeats
# what several loops use, and without a bound repeats it without end.
REPEATED = 64
LONGEST_LOOP = 400  # operations of one loop; longer ones compile slowly

_DEAR = {"div": 3, "sqrt": 3, "exp": 20, "log": 20}
_DEAR |= {"lgamma": 100, "digamma": 100}


class ScalarProgram:
    """A function of named numbers, as operations on single numbers.

    `answers` are those of the function, places in the graph instead of numbers. Raises
    `InputError` for an operation that cannot be taken apart.
    """

    longest_loop = 10**6  # every loop is written out

    def __init__(
        self, function: Callable[[Mapping[str, Any]], Any], names: Sequence[str]
    ) -> None:
        traced = trace(function, names)
        self.names = traced.names
        self.graph = Graph()
        inputs = [np.asarray(self.graph.input(name)) for name in self.names]
        self.outputs = follow(traced, self, inputs)
        self.answers = jax.tree.unflatten(traced.tree, self.outputs)

    def constant(self, value: Any) -> Places:
        """Return the places of an array that no input can change."""
        return constants(self.graph, value)

    def operation(self, equation: Any, given: list[Places]) -> list[Places]:
        """Add one traced operation; return the places of its results."""
        return write_numbers(self.graph, equation, given)

    def pick(self, value: Places, at: int) -> Places:
        """Return one row of an array of places."""
        return np.asarray(value[at])

    def stack(self, values: list[Places]) -> Places:
        """Return the rows of an array of places as one array."""
        return np.stack(values)

    def count(self) -> Counter[str]:
        """Return how many operations of each kind one design takes."""
        return self.graph.count(self._places())

    def _places(self) -> list[int]:
        return [int(place) for places in self.outputs for place in places.ravel()]

    def __call__(self, columns: Mapping[str, Array]) -> list[Array]:
        """Return a column `[rows]` for each number of the answers; JAX can trace it."""
        places = self._places()
        order = self.graph.needed(places)
        kept = _kept(self.graph, order, places)
        like = next(iter(columns.values()))
        found: dict[int, Array] = {}
        for place in order:
            node = self.graph.nodes[place]
            if node.operation == INPUT:
                found[place] = columns[node.detail]
                continue
            taken = [found[p] for p in node.takes]
            found[place] = _write(node, taken, like)
            if place in kept:
                found[place] = lax.optimization_barrier(found[place])  # type: ignore[no-untyped-call]
        return [found[place] for place in places]


def _kept(graph: Graph, order: Sequence[int], outputs: Sequence[int]) -> set[int]:
    """Return the places whose values are kept in memory between loops."""
    uses = Counter(p for place in order for p in graph.nodes[place].takes)
    uses.update(outputs)
    effort: dict[int, int] = {}
    kept = set()
    for place in order:
        node = graph.nodes[place]
        if node.operation in (INPUT, CONSTANT):
            effort[place] = 0
            continue
        own = _DEAR.get(node.operation, 1)
        effort[place] = own + sum(effort[p] for p in set(node.takes))
        again = effort[place] * (uses[place] - 1)
        if again > REPEATED or effort[place] > LONGEST_LOOP:
            kept.add(place)
            effort[place] = 0
    return kept


def _write(node: Node, taken: list[Array], like: Array) -> Array:
    """Do one operation on columns of the type of `like`."""
    if node.operation == CONSTANT:
        kind = _kind(node.detail.dtype, like)
        return lax.full(like.shape, node.detail.astype(kind), kind)
    if node.operation == "convert_element_type":
        return lax.convert_element_type(taken[0], _kind(np.dtype(node.detail), like))
    done: Array = WRITTEN[node.operation](*taken)
    return done


def _kind(kind: np.dtype[Any], like: Array) -> np.dtype[Any]:
    """Return the type of a number: floats as wide as the columns, integers of 32."""
    if np.issubdtype(kind, np.floating):
        return np.dtype(like.dtype)
    return np.dtype(np.int32) if np.issubdtype(kind, np.integer) else kind


def _larger(a: Array, b: Array) -> Array:
    """Return the larger number: one instruction, since it minds no NaN."""
    return lax.select(lax.gt(a, b), a, b)


def _smaller(a: Array, b: Array) -> Array:
    return lax.select(lax.lt(a, b), a, b)


WRITTEN: dict[str, Callable[..., Any]] = {
    "add": lax.add,
    "sub": lax.sub,
    "mul": lax.mul,
    "div": lax.div,
    "max": _larger,
    "min": _smaller,
    "neg": lax.neg,
    "abs": lax.abs,
    "sign": lax.sign,
    "sqrt": lax.sqrt,
    "rsqrt": lax.rsqrt,
    "exp": lax.exp,
    "exp2": lax.exp2,
    "expm1": lax.expm1,
    "log": lax.log,
    "log1p": lax.log1p,
    "tanh": lax.tanh,
    "logistic": lax.logistic,
    "erf": lax.erf,
    "erfc": lax.erfc,
    "lgamma": lax.lgamma,
    "digamma": lax.digamma,
    "ceil": lax.ceil,
    "floor": lax.floor,
    "round": lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN),
    "is_finite": lax.is_finite,
    "gt": lax.gt,
    "ge": lax.ge,
    "lt": lax.lt,
    "le": lax.le,
    "eq": lax.eq,
    "ne": lax.ne,
    "and": lax.bitwise_and,
    "or": lax.bitwise_or,
    "not": lax.bitwise_not,
    "select_n": lax.select_n,
}
