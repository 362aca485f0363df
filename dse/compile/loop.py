"""A graph as a loop over rows, in LLVM's instructions.

Every operation is done on as many rows at once as a vector register holds. Nothing is
kept in memory by our own choice: LLVM hands out registers and spills what does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dse.compile import vector_functions
from dse.compile.by_jax import ByJax
from dse.compile.errors import NotByRowsError, not_by_rows
from dse.compile.graph import BY_JAX, COMPARED, CONSTANT, CONVERT, INPUT, Graph, Node
from dse.compile.llvm import FLOAT, Instructions, Value, begin_loop, end_loop
from dse.compile.room import LINE

_UNROUNDED = {"select_n", "max", "min", "neg", "abs", "ceil", "floor"}
_UNROUNDED |= {"round", "round_away", *COMPARED}
_BY_LLVM = {"ceil": "ceil", "floor": "floor", "sqrt": "sqrt", "abs": "fabs"}
_BY_LLVM |= {"round": "rint", "round_away": "round"}
_BY_US: dict[str, Callable[..., Value]] = {
    "exp": vector_functions.exp,
    "exp2": vector_functions.exp2,
    "log": vector_functions.log,
    "power": vector_functions.power,
    "nextafter": vector_functions.next_after,
}
_OF_BITS: dict[str, Callable[..., Value]] = {
    "and": lambda build, a, b: build.and_(a, b),
    "or": lambda build, a, b: build.or_(a, b),
    "xor": lambda build, a, b: build.xor(a, b),
    "not": lambda build, a: build.not_(a),
}
_OF_WHOLES: dict[str, Callable[..., Value]] = {
    "add": lambda build, a, b: build.add(a, b),
    "sub": lambda build, a, b: build.sub(a, b),
    "mul": lambda build, a, b: build.mul(a, b),
    "neg": lambda build, a: build.neg(a),
}


def loop_over_rows(
    graph: Graph,
    inputs: Sequence[str],
    places: Sequence[int],
    kind: np.dtype,
    lanes: int,
) -> str:
    """Return the module that holds `rows(inputs, steps, outputs, first, end)`.

    `inputs` and `outputs` point to columns of floats of `kind`, in the order of inputs
    and places; `steps` are -1 for a column, and 0 for `lanes` copies of
    one number. The rows from `first` to `end` are done, `lanes` at a time, which
    divides both.
    """
    write = Instructions(np.dtype(kind), lanes, fast_math=graph.fast_math)
    loop = begin_loop(write, "rows")
    found: dict[int, Value] = {}
    for place in graph.needed(places):
        node = graph.nodes[place]
        if node.operation == INPUT:
            number = inputs.index(node.detail)
            found[place] = write.load(loop.inputs, loop.steps, number, loop.row)
            continue
        try:
            found[place] = _operation(write, graph, node, found)
        except NotByRowsError as error:
            raise error.at(graph.origins[place]) from None
    aligned = min(LINE, lanes * write.kind.itemsize)  # whole lines, where they are
    for number, place in enumerate(places):
        answer = _as_float(write, found[place], graph.kinds[place])
        write.store(answer, loop.outputs, number, loop.row, aligned)
    end_loop(write, loop)
    return str(write.module)


def _operation(
    write: Instructions, graph: Graph, node: Node, found: dict[int, Value]
) -> Value:
    """Write one operation; return its result."""
    name = node.operation
    if name == CONSTANT:
        return _constant(write, node.detail)
    if name == BY_JAX:
        done: ByJax = node.detail
        raise done.refused
    taken = [found[place] for place in node.takes]
    before = graph.kinds[node.takes[-1]]
    if name == "select_n":
        which, no, yes = taken
        return write.choose(which, yes, no)
    if name == CONVERT:
        return _convert(write, taken[0], before, np.dtype(node.detail))
    if name in COMPARED:
        return _compare(write, name, taken)
    if before.kind != "f":
        return _of_others(write, name, taken)
    if name in ("max", "min"):
        return _extreme(write, graph, node, taken)
    result = _of_floats(write, name, taken)
    rounded = before == write.kind or name in _UNROUNDED
    return result if rounded else _rounded(write, result)


def _rounded(write: Instructions, value: Value) -> Value:
    """Round doubles to floats, which stay in as wide a register."""
    if write.kind == np.float32:
        return value
    short = write.build.fptrunc(value, write.vector(FLOAT))
    return write.build.fpext(short, write.floats)


def _as_float(write: Instructions, value: Value, kind: np.dtype) -> Value:
    return value if kind.kind == "f" else _convert(write, value, kind, write.kind)


def _constant(write: Instructions, value: Any) -> Value:
    if value.dtype.kind == "f":
        return write.number(value)
    if value.dtype == np.bool_:
        return write.alike(write.logicals, bool(value))
    return write.whole(int(value), 8 * value.dtype.itemsize)


def _of_floats(write: Instructions, name: str, taken: list[Value]) -> Value:
    if name in ("add", "sub", "mul", "div", "neg"):
        return write.calculate(f"f{name}", *taken)
    if name in _BY_LLVM:
        return write.call(_BY_LLVM[name], *taken)
    if name in _BY_US:
        return _BY_US[name](write, *taken)
    raise not_by_rows(name)


def _extreme(
    write: Instructions, graph: Graph, node: Node, taken: list[Value]
) -> Value:
    """Write which of two numbers is larger or smaller; none if one of them is none.

    The comparison is one instruction that gives the second number where one is none.
    """
    first, second = taken
    known = [graph.always(place, lambda n: not np.isnan(n)) for place in node.takes]
    if known[1] and not known[0]:
        first, second = second, first
    more = write.compare("ogt" if node.operation == "max" else "olt", first, second)
    found = write.choose(more, first, second)
    if write.fast_math or any(known):
        return found
    return write.choose(write.compare("uno", first, first), first, found)


def _of_others(write: Instructions, name: str, taken: list[Value]) -> Value:
    """Write an operation on whole numbers or logicals."""
    logical = taken[0].type == write.logicals
    if logical and name in ("max", "min"):
        name = "or" if name == "max" else "and"
    if name in _OF_BITS or (name in _OF_WHOLES and not logical):
        return (_OF_BITS | _OF_WHOLES)[name](write.build, *taken)
    if name in ("max", "min"):
        more = write.compare_wholes("gt" if name == "max" else "lt", *taken)
        return write.choose(more, *taken)
    raise not_by_rows(name, "of whole numbers")


def _compare(write: Instructions, name: str, taken: list[Value]) -> Value:
    if taken[0].type == write.floats:
        return write.compare(("u" if name == "ne" else "o") + name, *taken)
    return write.compare_wholes(name, *taken)


def _convert(
    write: Instructions, value: Value, before: np.dtype, after: np.dtype
) -> Value:
    build, bits = write.build, 8 * after.itemsize
    if after.kind == before.kind == "f":
        narrower = after == np.float32 and before == np.float64
        return _rounded(write, value) if narrower else value
    if before == after:
        return value
    if after == np.bool_:
        if before.kind == "f":
            return write.compare("une", value, write.number(0.0))
        return write.compare_wholes("ne", value, write.whole(0, 8 * before.itemsize))
    if after.kind == "f":
        convert = build.uitofp if before == np.bool_ else build.sitofp
        if after == np.float64 or write.kind == np.float32:
            return convert(value, write.floats)
        return build.fpext(convert(value, write.vector(FLOAT)), write.floats)
    if before.kind == "f":
        return write.to_whole(value, bits)
    if before == np.bool_:
        return build.zext(value, write.wholes(bits))
    wider = after.itemsize > before.itemsize
    return (build.sext if wider else build.trunc)(value, write.wholes(bits))
