"""LLVM: vector instructions as its builder writes them, and machine code made of them.

The only file that imports llvmlite.
"""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

Value: TypeAlias = Any  # `llvmlite.ir.Value`
Type: TypeAlias = Any  # `llvmlite.ir.Type`

LONG = ir.IntType(64)
FLOAT = ir.FloatType()
POINTER = ir.PointerType()
_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ONE_AT_A_TIME = threading.Lock()  # that compiles; LLVM's own state is shared
_OPTIMISE = 2  # LLVM's level; its passes find nothing to do in what we write


class Instructions:
    """Instructions one after another, each done on as many rows as there are lanes.

    `floats`, `wide` and `logicals` are the types of vectors of floats, of whole numbers
    as wide as these, and of what is true or false. `build` is LLVM's builder.
    """

    def __init__(self, kind: np.dtype, lanes: int, *, fast_math: bool = False) -> None:
        self.kind = kind
        self.lanes = lanes
        self.fast_math = fast_math
        self.bits_of_float = 8 * kind.itemsize
        self.fraction = int(np.finfo(kind).nmant)
        self.float = FLOAT if kind == np.float32 else ir.DoubleType()
        self.floats = self.vector(self.float)
        self.wide = self.wholes(self.bits_of_float)
        self.logicals = self.wholes(1)
        self.module = ir.Module()
        self.build = ir.IRBuilder()
        self._numbers: dict[int, Value] = {}
        self._unchanging = self.module.add_metadata([])
        self._past_caches = self.module.add_metadata([ir.Constant(ir.IntType(32), 1)])

    def vector(self, kind: Type) -> Type:
        """Return the type of as many values as there are lanes."""
        return ir.VectorType(kind, self.lanes)

    def wholes(self, bits: int) -> Type:
        """Return the type of whole numbers of so many bits."""
        return self.vector(ir.IntType(bits))

    def number(self, value: Any) -> Value:
        """Return a vector of one float."""
        with np.errstate(over="ignore"):
            exact = np.float64(self.kind.type(value))
        key = int(exact.view(np.int64))
        if key not in self._numbers:
            self._numbers[key] = self.alike(self.floats, float(exact))
        return self._numbers[key]

    def whole(self, value: int, bits: int | None = None) -> Value:
        """Return a vector of one whole number, as wide as the floats if not told."""
        return self.alike(self.wholes(bits or self.bits_of_float), value)

    def alike(self, kind: Type, value: Any) -> Value:
        """Return a vector of one value in all lanes."""
        return ir.Constant(kind, [value] * self.lanes)

    def calculate(self, operation: str, *taken: Value) -> Value:
        """Write arithmetic of floats; if fast, a product may be fused with a sum."""
        how = ("contract",) if self.fast_math else ()
        return getattr(self.build, operation)(*taken, flags=how)

    def call(self, function: str, *taken: Value) -> Value:
        """Write a call of one of LLVM's functions of floats."""
        name = f"llvm.{function}.v{self.lanes}f{self.bits_of_float}"
        known = self.module.globals.get(name)
        if known is None:
            kind = ir.FunctionType(self.floats, [self.floats] * len(taken))
            known = ir.Function(self.module, kind, name)
        return self.build.call(known, taken)

    def compare(self, how: str, first: Value, second: Value) -> Value:
        """Write a comparison of floats, as `olt`: ordered, and less."""
        return self.build.fcmp_ordered(how, first, second)

    def compare_wholes(self, how: str, first: Value, second: Value) -> Value:
        """Write a comparison of whole numbers, as `lt`, or of logicals."""
        if first.type == self.logicals:
            return self.build.icmp_unsigned(_SIGNS[how], first, second)
        return self.build.icmp_signed(_SIGNS[how], first, second)

    def choose(self, which: Value, yes: Value, no: Value) -> Value:
        """Write a choice between values."""
        return self.build.select(which, yes, no)

    def to_whole(self, value: Value, bits: int) -> Value:
        """Convert floats; those beyond become the last number, and none becomes 0."""
        end = 2 ** (bits - 1)
        high, low = self.number(float(end)), self.number(-float(end))
        above = self.compare("oge", value, high)
        inside = self.build.and_(
            self.compare("oge", value, low), self.compare("olt", value, high)
        )
        safe = self.choose(inside, value, self.number(0.0))
        found = self.build.fptosi(safe, self.wholes(bits))
        found = self.choose(above, self.whole(end - 1, bits), found)
        below = self.compare("olt", value, low)
        return self.choose(below, self.whole(-end, bits), found)

    def bits(self, value: Value) -> Value:
        """Return the bits of floats as whole numbers."""
        return self.build.bitcast(value, self.wide)

    def from_bits(self, value: Value) -> Value:
        """Return the floats that have some bits."""
        return self.build.bitcast(value, self.floats)

    def load(self, inputs: Value, steps: Value, number: int, row: Value) -> Value:
        """Write the load of rows of a column, or of the copies of one number."""
        step = self._entry(steps, number, LONG)
        where = self._place(inputs, number, self.build.and_(step, row))
        found = self.build.load(where, align=self.kind.itemsize, typ=self.floats)
        found.set_metadata("invariant.load", self._unchanging)
        return found

    def store(
        self, value: Value, outputs: Value, number: int, row: Value, aligned: int
    ) -> None:
        """Write rows into a column, past the caches."""
        done = self.build.store(value, self._place(outputs, number, row), align=aligned)
        done.set_metadata("nontemporal", self._past_caches)

    def _place(self, columns: Value, number: int, row: Value) -> Value:
        """Return the address of a row in one of some columns."""
        column = self._entry(columns, number, POINTER)
        return self.build.gep(column, [row], source_etype=self.float)

    def _entry(self, table: Value, number: int, kind: Type) -> Value:
        place = self.build.gep(table, [LONG(number)], source_etype=kind)
        found = self.build.load(place, typ=kind)
        found.set_metadata("invariant.load", self._unchanging)
        return found


class Loop(NamedTuple):
    """What a loop over rows is given, and the first of the rows of a turn."""

    inputs: Value
    steps: Value
    outputs: Value
    row: Value


def begin_loop(write: Instructions, name: str) -> Loop:
    """Begin `name(inputs, steps, outputs, first, end)`, a function over rows."""
    kind = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, POINTER, LONG, LONG])
    function = ir.Function(write.module, kind, name)
    function.attributes.add("nounwind")
    inputs, steps, outputs, first, _ = function.args
    for pointer in (inputs, steps, outputs):
        pointer.add_attribute("noalias")
    start, loop = map(function.append_basic_block, ("start", "loop"))
    write.build.position_at_end(start)
    write.build.branch(loop)
    write.build.position_at_end(loop)
    row = write.build.phi(LONG)
    row.add_incoming(first, start)
    return Loop(inputs, steps, outputs, row)


def end_loop(write: Instructions, loop: Loop) -> None:
    """End the function: go on with the next rows until there are none."""
    body = write.build.block
    following = write.build.add(loop.row, LONG(write.lanes))
    loop.row.add_incoming(following, body)
    more = write.build.icmp_unsigned("<", following, body.function.args[-1])
    done = body.function.append_basic_block("done")
    write.build.cbranch(more, body, done)
    write.build.position_at_end(done)
    write.build.ret_void()


class Linked(NamedTuple):
    """Machine code, which lives as long as this does, and how it is called."""

    library: Any
    call: Any


def link(text: str, name: str) -> Linked:
    """Compile a module for this processor; several threads do so one by one."""
    with _ONE_AT_A_TIME:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        processor = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(),
            features=llvm.get_host_cpu_features().flatten(),
            opt=_OPTIMISE,
            jit=True,
        )
        compiler = llvm.create_lljit_compiler(processor)
        builder = llvm.JITLibraryBuilder().add_ir(text).export_symbol(name)
        library = builder.link(compiler, name)
    pointer, row = ctypes.c_void_p, ctypes.c_int64
    kind = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, row, row)
    return Linked(library, kind(library[name]))


@cache
def register_bytes() -> int:
    """Return how many bytes a vector register of this processor holds."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64
    return 32 if features.get("avx") else 16
