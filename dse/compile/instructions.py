"""Vector instructions in the language of LLVM: each done on some rows at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Format(NamedTuple):
    """What LLVM calls a kind of float, and how many bits it and its fraction have."""

    name: str
    bits: int
    fraction: int


FORMATS = {
    np.dtype(np.float32): Format("float", 32, 23),
    np.dtype(np.float64): Format("double", 64, 52),
}


class Instructions:
    """Instructions one after another; a value is known by its name or as a constant.

    `floats`, `wide` and `logicals` are the types of vectors of floats, of whole numbers
    as wide as these, and of what is true or false.
    """

    def __init__(
        self, kind: np.dtype[Any], lanes: int, *, fast_math: bool = False
    ) -> None:
        self.kind = kind
        self.fast_math = fast_math
        self.lanes = lanes
        self.format = FORMATS[kind]
        self.floats = self.vector(self.format.name)
        self.wide = self.vector(f"i{self.format.bits}")
        self.logicals = self.vector("i1")
        self.lines: list[str] = []
        self.called: set[str] = set()  # declarations of LLVM's own functions

    def vector(self, kind: str) -> str:
        """Return the type of as many values as there are lanes."""
        return f"<{self.lanes} x {kind}>"

    def new(self, instruction: str) -> str:
        """Write an instruction; return the name of its result."""
        name = f"%v{len(self.lines)}"
        self.lines.append(f"{name} = {instruction}")
        return name

    def number(self, value: Any) -> str:
        """Return a vector of one float, told LLVM as the bits of a double."""
        with np.errstate(over="ignore"):
            exact = np.float64(self.kind.type(value))
        return self._alike(self.format.name, f"0x{exact.view(np.uint64):016X}")

    def whole(self, value: int, bits: int | None = None) -> str:
        """Return a vector of one whole number, as wide as the floats if not told."""
        return self._alike(f"i{bits or self.format.bits}", str(value))

    def all_ones(self, kind: str) -> str:
        """Return a vector of -1: whole numbers of some type whose bits are all set."""
        bits = kind.split(" x ")[1][:-1]
        return self._alike(bits, "true" if bits == "i1" else "-1")

    def logical(self, value: bool) -> str:
        """Return a vector of what is true or false."""
        return self._alike("i1", "true" if value else "false")

    def _alike(self, kind: str, text: str) -> str:
        return "<" + ", ".join([f"{kind} {text}"] * self.lanes) + ">"

    def calculate(self, operation: str, *taken: str) -> str:
        """Write arithmetic of floats; if fast, a product may be fused with a sum."""
        how = "contract " if self.fast_math else ""
        return self.new(f"{operation} {how}{self.floats} " + ", ".join(taken))

    def call(self, function: str, *taken: str) -> str:
        """Write a call of one of LLVM's functions of floats."""
        name = f"@llvm.{function}.v{self.lanes}f{self.format.bits}"
        kinds = ", ".join([self.floats] * len(taken))
        self.called.add(f"declare {self.floats} {name}({kinds})")
        given = ", ".join(f"{self.floats} {value}" for value in taken)
        return self.new(f"call {self.floats} {name}({given})")

    def to_whole(self, value: str, bits: int) -> str:
        """Convert floats; those beyond become the last number, and none becomes 0."""
        kind, end = self.vector(f"i{bits}"), 2 ** (bits - 1)
        high, low = self.number(float(end)), self.number(-float(end))
        above = self.compare("oge", value, high)
        inside = self.new(
            f"and {self.logicals} {self.compare('oge', value, low)}, "
            f"{self.compare('olt', value, high)}"
        )
        safe = self.choose(inside, value, self.number(0.0))
        found = self.cast("fptosi", safe, self.floats, kind)
        found = self.choose(above, self.whole(end - 1, bits), found, kind)
        below = self.compare("olt", value, low)
        return self.choose(below, self.whole(-end, bits), found, kind)

    def compare(self, how: str, *taken: str) -> str:
        """Write a comparison of floats, as `olt`: ordered, and less."""
        return self.new(f"fcmp {how} {self.floats} " + ", ".join(taken))

    def choose(self, which: str, yes: str, no: str, kind: str | None = None) -> str:
        """Write a choice between values, floats if not told."""
        kind = kind or self.floats
        return self.new(f"select {self.logicals} {which}, {kind} {yes}, {kind} {no}")

    def cast(self, operation: str, value: str, before: str, after: str) -> str:
        """Write a conversion of one type to another."""
        return self.new(f"{operation} {before} {value} to {after}")

    def bits(self, value: str) -> str:
        """Return the bits of floats as whole numbers."""
        return self.cast("bitcast", value, self.floats, self.wide)

    def from_bits(self, value: str) -> str:
        """Return the floats that have some bits."""
        return self.cast("bitcast", value, self.wide, self.floats)

    def entry(self, columns: str, number: int, row: str) -> str:
        """Return the address of a row in one of some columns."""
        place = self.new(f"getelementptr ptr, ptr {columns}, i64 {number}")
        start = self.new(f"load ptr, ptr {place}, !invariant.load !0")
        return self.new(f"getelementptr {self.format.name}, ptr {start}, i64 {row}")
