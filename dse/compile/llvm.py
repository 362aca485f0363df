"""A graph as a loop over rows, in the language of LLVM.

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
from dse.compile.instructions import Instructions
from dse.compile.room import LINE

_UNROUNDED = {"select_n", "max", "min", "neg", "abs", "ceil", "floor"}
_UNROUNDED |= {"round", "round_away", *COMPARED}
_BY_LLVM = {"ceil": "ceil", "floor": "floor", "sqrt": "sqrt", "abs": "fabs"}
_BY_LLVM |= {"round": "rint", "round_away": "round"}
_BY_US: dict[str, Callable[..., str]] = {
    "exp": vector_functions.exp,
    "exp2": vector_functions.exp2,
    "log": vector_functions.log,
    "power": vector_functions.power,
    "nextafter": vector_functions.next_after,
}


def loop_over_rows(
    graph: Graph, inputs: Sequence[str], places: Sequence[int], kind: Any, lanes: int
) -> str:
    """Return the module that holds `rows(inputs, steps, outputs, first, end)`.

    `inputs` and `outputs` point to columns of floats of `kind`, in the order of inputs
    and places; `steps` are -1 for a column, and 0 for `lanes` copies of
    one number. The rows from `first` to `end` are done, `lanes` at a time, which
    divides both.
    """
    write = Instructions(np.dtype(kind), lanes, fast_math=graph.fast_math)
    found: dict[int, str] = {}
    for place in graph.needed(places):
        try:
            found[place] = _operation(write, graph, inputs, place, found)
        except NotByRowsError as error:
            raise error.at(graph.origins[place]) from None
    aligned = min(LINE, lanes * write.format.bits // 8)
    for number, place in enumerate(places):
        answer = _as_float(write, found[place], graph.kinds[place])
        where = write.entry("%outputs", number, "%row")
        write.lines.append(
            f"store {write.floats} {answer}, ptr {where}, "
            f"align {aligned}, !nontemporal !1"  # past the caches, whole lines
        )
    return "\n".join(
        [
            *sorted(write.called),
            "define void @rows(ptr noalias %inputs, ptr noalias %steps, "
            "ptr noalias %outputs, i64 %first, i64 %end) #0 {",
            "start: br label %loop",
            "loop: %row = phi i64 [%first, %start], [%next, %loop]",
            *write.lines,
            f"%next = add i64 %row, {lanes}",
            "%more = icmp ult i64 %next, %end",
            "br i1 %more, label %loop, label %done",
            "done: ret void }",
            'attributes #0 = { nounwind "min-legal-vector-width"="512" '
            '"prefer-vector-width"="512" }',
            "!0 = !{}",
            "!1 = !{i32 1}",
        ]
    )


def _operation(
    write: Instructions,
    graph: Graph,
    inputs: Sequence[str],
    place: int,
    found: dict[int, str],
) -> str:
    """Write one operation; return where its result is."""
    node = graph.nodes[place]
    name = node.operation
    if name == INPUT:
        return _load(write, inputs.index(node.detail))
    if name == CONSTANT:
        return _constant(write, node.detail)
    if name == BY_JAX:
        done: ByJax = node.detail
        raise done.refused
    taken = [found[place] for place in node.takes]
    before = graph.kinds[node.takes[-1]]
    kind = _type(write, before)
    if name == "select_n":
        which, no, yes = taken
        return write.choose(which, yes, no, kind)
    if name == CONVERT:
        return _convert(write, taken[0], before, np.dtype(node.detail))
    if name in COMPARED:
        return _compare(write, name, taken, kind)
    if name in ("max", "min") and kind == write.floats:
        return _extreme(write, graph, node, taken)
    if kind != write.floats:
        return _of_others(write, name, taken, kind)
    result = _of_floats(write, name, taken)
    rounded = before == write.kind or name in _UNROUNDED
    return result if rounded else _rounded(write, result)


def _rounded(write: Instructions, value: str) -> str:
    """Round doubles to floats, which stay in as wide a register."""
    if write.kind == np.float32:
        return value
    narrow = write.vector("float")
    short = write.cast("fptrunc", value, write.floats, narrow)
    return write.cast("fpext", short, narrow, write.floats)


def _as_float(write: Instructions, value: str, kind: np.dtype[Any]) -> str:
    return value if kind.kind == "f" else _convert(write, value, kind, write.kind)


def _type(write: Instructions, kind: np.dtype[Any]) -> str:
    """Return the type of a vector: floats are as wide as the columns are."""
    if kind == np.bool_:
        return write.logicals
    if kind.kind == "i":
        return write.vector(f"i{8 * kind.itemsize}")
    return write.floats


def _constant(write: Instructions, value: Any) -> str:
    kind = _type(write, value.dtype)
    if kind == write.floats:
        return write.number(value)
    if kind == write.logicals:
        return write.logical(bool(value))
    return write.whole(int(value), 8 * value.dtype.itemsize)


def _load(write: Instructions, number: int) -> str:
    place = write.new(f"getelementptr i64, ptr %steps, i64 {number}")
    step = write.new(f"load i64, ptr {place}, !invariant.load !0")
    row = write.new(f"and i64 {step}, %row")
    where = write.entry("%inputs", number, row)
    alignment = write.format.bits // 8
    return write.new(
        f"load {write.floats}, ptr {where}, align {alignment}, !invariant.load !0"
    )


def _of_floats(write: Instructions, name: str, taken: list[str]) -> str:
    if name in ("add", "sub", "mul", "div", "neg"):
        return write.calculate(f"f{name}", *taken)
    if name in _BY_LLVM:
        return write.call(_BY_LLVM[name], *taken)
    if name in _BY_US:
        return _BY_US[name](write, *taken)
    raise not_by_rows(name)


def _extreme(write: Instructions, graph: Graph, node: Node, taken: list[str]) -> str:
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


def _of_others(write: Instructions, name: str, taken: list[str], kind: str) -> str:
    """Write an operation on whole numbers or logicals."""
    logical = kind == write.logicals
    if logical and name in ("max", "min"):
        name = "or" if name == "max" else "and"
    if name in ("and", "or", "xor") or (
        name in ("add", "sub", "mul", "neg") and not logical
    ):
        if name == "neg":
            return write.new(f"sub {kind} zeroinitializer, {taken[0]}")
        return write.new(f"{name} {kind} " + ", ".join(taken))
    if name == "not":
        return write.new(f"xor {kind} {taken[0]}, {write.all_ones(kind)}")
    if name in ("max", "min"):
        more = _compare(write, "gt" if name == "max" else "lt", taken, kind)
        return write.choose(more, taken[0], taken[1], kind)
    raise not_by_rows(name, "of whole numbers")


def _compare(write: Instructions, name: str, taken: list[str], kind: str) -> str:
    if kind == write.floats:
        return write.compare(("u" if name == "ne" else "o") + name, *taken)
    signed = "" if name in ("eq", "ne") else "u" if kind == write.logicals else "s"
    return write.new(f"icmp {signed}{name} {kind} " + ", ".join(taken))


def _convert(
    write: Instructions, value: str, before: np.dtype[Any], after: np.dtype[Any]
) -> str:
    old, new = _type(write, before), _type(write, after)
    if old == new == write.floats:
        narrower = after == np.float32 and before == np.float64
        return _rounded(write, value) if narrower else value
    if old == new:
        return value
    if new == write.logicals:
        unequal = "fcmp une" if old == write.floats else "icmp ne"
        return write.new(f"{unequal} {old} {value}, zeroinitializer")
    if new == write.floats:
        signed = "uitofp" if old == write.logicals else "sitofp"
        if after == np.float64 or write.kind == np.float32:
            return write.cast(signed, value, old, new)
        narrow = write.vector("float")  # rounded once
        return write.cast("fpext", write.cast(signed, value, old, narrow), narrow, new)
    if old == write.floats:
        return write.to_whole(value, 8 * after.itemsize)
    if old == write.logicals:
        return write.cast("zext", value, old, new)
    wider = after.itemsize > before.itemsize
    return write.cast("sext" if wider else "trunc", value, old, new)
