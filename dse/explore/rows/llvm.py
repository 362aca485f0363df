"""A scalar program as a loop over rows, in the language of LLVM.

Every operation is done on as many rows at once as a vector register holds. Nothing is
kept in memory by our own choice: LLVM hands out registers and spills what does not fit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dse.explore.rows import vector_functions
from dse.explore.rows.graph import CONSTANT, INPUT, Node, NotByRowsError
from dse.explore.rows.instructions import Instructions
from dse.explore.rows.program import ScalarProgram
from dse.explore.rows.room import LINE

_COMPARED = ("gt", "ge", "lt", "le", "eq", "ne")
_BY_LLVM = {"ceil": "ceil", "floor": "floor", "round": "rint", "sqrt": "sqrt"}
_BY_LLVM |= {"abs": "fabs"}
_BY_US = {
    "exp": vector_functions.exp,
    "log": vector_functions.log,
    "nextafter": vector_functions.next_below,
}


def loop_over_rows(program: ScalarProgram, kind: Any, lanes: int) -> str:
    """Return the module that holds `rows(inputs, steps, outputs, first, end)`.

    `inputs` and `outputs` point to columns of floats of `kind`, in the order of the
    program's names and places; `steps` are -1 for a column, and 0 for `lanes` copies of
    one number. The rows from `first` to `end` are done, `lanes` at a time, which
    divides both.
    """
    write = Instructions(np.dtype(kind), lanes)
    found: dict[int, str] = {}
    types: dict[int, str] = {}
    for place in program.graph.needed(program.places):
        node = program.graph.nodes[place]
        types[place], found[place] = _operation(write, program, node, found, types)
    aligned = min(LINE, lanes * write.format.bits // 8)
    for number, place in enumerate(program.places):
        where = write.entry("%outputs", number, "%row")
        write.lines.append(
            f"store {write.floats} {found[place]}, ptr {where}, "
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
    program: ScalarProgram,
    node: Node,
    found: dict[int, str],
    types: dict[int, str],
) -> tuple[str, str]:
    """Write one operation; return the type of its result, and where it is."""
    name = node.operation
    if name == INPUT:
        return write.floats, _load(write, program.names.index(node.detail))
    if name == CONSTANT:
        return _constant(write, node.detail)
    taken = [found[place] for place in node.takes]
    kind = types[node.takes[-1]]
    if name == "select_n":
        which, no, yes = taken
        return kind, write.choose(which, yes, no, kind)
    if name == "convert_element_type":
        wanted = _type(write, np.dtype(node.detail))
        return wanted, _convert(write, taken[0], kind, wanted)
    if name in _COMPARED:
        return write.logicals, _compare(write, name, taken, kind)
    if kind == write.floats:
        return kind, _of_floats(write, name, taken)
    return kind, _of_others(write, name, taken, kind)


def _type(write: Instructions, kind: np.dtype[Any]) -> str:
    """Return the type of a vector: floats as wide as the columns, integers of 32."""
    if np.issubdtype(kind, np.floating):
        return write.floats
    return write.logicals if kind == np.bool_ else write.vector("i32")


def _constant(write: Instructions, value: Any) -> tuple[str, str]:
    kind = _type(write, value.dtype)
    if kind == write.floats:
        return kind, write.number(value)
    if kind == write.logicals:
        return kind, write.logical(bool(value))
    return kind, write.whole(int(value), 32)


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
    if name in ("max", "min"):  # one instruction, since it minds no NaN
        more = write.compare("ogt" if name == "max" else "olt", *taken)
        return write.choose(more, taken[0], taken[1])
    if name in _BY_LLVM:
        return write.call(_BY_LLVM[name], *taken)
    if name == "nextafter" and taken[1] != write.number(-math.inf):
        raise NotByRowsError("rows know the next number below another, and no other.")
    if name in _BY_US:
        return _BY_US[name](write, taken[0])
    raise NotByRowsError(f"`{name}` cannot be compiled for rows; use `dse.sweep`.")


def _of_others(write: Instructions, name: str, taken: list[str], kind: str) -> str:
    """Write an operation on whole numbers or logicals."""
    if name in ("add", "sub", "mul", "and", "or"):
        return write.new(f"{name} {kind} " + ", ".join(taken))
    if name == "not":
        return write.new(f"xor {kind} {taken[0]}, {write.logical(True)}")
    if name in ("max", "min"):
        more = _compare(write, "gt" if name == "max" else "lt", taken, kind)
        return write.choose(more, taken[0], taken[1], kind)
    if name == "neg":
        return write.new(f"sub {kind} zeroinitializer, {taken[0]}")
    raise NotByRowsError(
        f"`{name}` of whole numbers cannot be compiled for rows; use `dse.sweep`."
    )


def _compare(write: Instructions, name: str, taken: list[str], kind: str) -> str:
    if kind == write.floats:
        return write.compare(("u" if name == "ne" else "o") + name, *taken)
    signed = "" if name in ("eq", "ne") else "s"
    return write.new(f"icmp {signed}{name} {kind} " + ", ".join(taken))


def _convert(write: Instructions, value: str, before: str, after: str) -> str:
    if before == after:
        return value
    if after == write.logicals:
        unequal = "fcmp une" if before == write.floats else "icmp ne"
        return write.new(f"{unequal} {before} {value}, zeroinitializer")
    if after == write.floats:
        signed = "uitofp" if before == write.logicals else "sitofp"
        return write.cast(signed, value, before, after)
    narrowed = "fptosi" if before == write.floats else "zext"
    return write.cast(narrowed, value, before, after)
