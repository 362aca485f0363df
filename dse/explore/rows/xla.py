"""A scalar program for accelerators: loops over rows that JAX compiles.

On a processor `machine_code` is several times as fast, and sooner ready.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec

from dse.explore.rows.code import Column, Columns
from dse.explore.rows.graph import CONSTANT, INPUT, Graph, Node
from dse.explore.rows.program import ScalarProgram

AT_ONCE = 2**22  # numbers in and out of one call on each device
IN_CACHE = 2_048  # rows of one turn, whose values between loops stay in the cache
# Operations that are worth a value in memory rather than doing them twice: XLA repeats
# what several loops use, and without a bound repeats it without end.
REPEATED = 64
LONGEST_LOOP = 400  # operations of one loop; longer ones compile slowly

_DEAR = {"div": 3, "sqrt": 3, "exp": 20, "log": 20}


class DeviceCode:
    """A program on floats of some kind, for any rows; compiled when first run.

    All devices that JAX sees share the rows; their number changes no answer.
    """

    def __init__(self, program: ScalarProgram, kind: Any) -> None:
        self.program = program
        self._kind = np.dtype(kind)
        self._devices = jax.devices()
        numbers = len(program.names) + len(program.places)
        turns = max(AT_ONCE // numbers // IN_CACHE, 1)
        self._at_once = turns * IN_CACHE * len(self._devices)

    def __call__(self, columns: Mapping[str, Column], count: int) -> Columns:
        """Return the answers of `count` rows, a column each.

        `columns` have as many rows, or one for all.
        """
        names = sorted(self.program.answers)
        found = {name: np.empty(count, self._kind) for name in names}
        alike = {n: np.broadcast_to(c, (count,)) for n, c in columns.items()}
        size = self._at_once
        with jax.enable_x64(self._kind == np.float64):
            for start in range(0, count, size):
                rows = slice(start, start + size)
                part = {n: _padded(c[rows], size) for n, c in alike.items()}
                for name, column in zip(names, self._run(part), strict=True):
                    rest = found[name][rows]
                    rest[:] = np.asarray(column)[: len(rest)]
        return found

    @cached_property
    def _run(self) -> Callable[[Columns], list[Any]]:
        def run(columns: dict[str, Any]) -> list[Any]:
            turns = {n: c.reshape(-1, IN_CACHE) for n, c in columns.items()}
            one_turn = partial(write_columns, self.program)
            return [c.ravel() for c in jax.lax.map(one_turn, turns)]

        if len(self._devices) > 1:  # each works on its share of the rows
            mesh = Mesh(self._devices, ("rows",))
            rows = PartitionSpec("rows")  # type: ignore[no-untyped-call]
            run = jax.shard_map(run, mesh=mesh, in_specs=rows, out_specs=rows)
        column: Any = jax.ShapeDtypeStruct((self._at_once,), self._kind)  # type: ignore[no-untyped-call]
        example = dict.fromkeys(self.program.names, column)
        return jax.jit(run).lower(example).compile()


def write_columns(program: ScalarProgram, columns: Mapping[str, Array]) -> list[Array]:
    """Return a column `[rows]` for each number of the answers; JAX can trace it."""
    order = program.graph.needed(program.places)
    kept = _kept(program.graph, order, program.places)
    like = next(iter(columns.values()))
    found: dict[int, Array] = {}
    for place in order:
        node = program.graph.nodes[place]
        if node.operation == INPUT:
            found[place] = columns[node.detail]
            continue
        taken = [found[p] for p in node.takes]
        found[place] = _write(node, taken, like)
        if place in kept:
            found[place] = lax.optimization_barrier(found[place])  # type: ignore[no-untyped-call]
    return [found[place] for place in program.places]


def _padded(column: Column, size: int) -> Column:
    """Return a column of as many rows as are done at once; the last row stands in."""
    missing = size - len(column)
    return np.pad(column, (0, missing), mode="edge") if missing else column


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
    done: Array = _WRITTEN[node.operation](*taken)
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


_WRITTEN: dict[str, Callable[..., Any]] = {
    "add": lax.add,
    "sub": lax.sub,
    "mul": lax.mul,
    "div": lax.div,
    "max": _larger,
    "min": _smaller,
    "neg": lax.neg,
    "abs": lax.abs,
    "sqrt": lax.sqrt,
    "exp": lax.exp,
    "log": lax.log,
    "ceil": lax.ceil,
    "floor": lax.floor,
    "nextafter": lax.nextafter,
    "round": lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN),
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
