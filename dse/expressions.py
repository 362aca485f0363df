"""Arithmetic over named numbers, as files and people write it: `pes / 8`.

Derived parameters, tied fields of a design and conditions on a space are such texts.
The numbers may be arrays, or tracers of JAX.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dse.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from dse.arrays import Values

LONGEST = 1000  # characters of an expression

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def evaluate_expression(text: str, values: Mapping[str, Values]) -> Values:
    """Work out an expression such as `2 * clock.frequency / (1 - idle.leakage_share)`.

    It holds numbers, keys of `values`, `+ - * / **`, one comparison and parentheses.
    Raises `InputError` for anything else, for an unknown key, and where the arithmetic
    has no answer.
    """
    if len(text) > LONGEST:
        raise InputError(
            f"{text[:40]!r}… has {len(text):,} characters; write an expression of at "
            f"most {LONGEST:,}."
        )
    try:
        answer: Values = _value(ast.parse(text.strip(), mode="eval").body, values)
        if isinstance(answer, int | float) and not math.isfinite(answer):
            raise ArithmeticError("it is not finite")
        return answer
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{text!r} is not an expression; write numbers and keys joined by "
            "+ - * / **."
        ) from None
    except (ArithmeticError, TypeError) as error:
        raise InputError(
            f"{text!r} has no answer: {error}; correct the expression."
        ) from None


def names_in(text: str) -> set[str]:
    """Return the keys that an expression names; nothing for one that cannot be read.

    The parts of a dotted key are named with it.
    """
    try:
        tree = ast.parse(text[:LONGEST].strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    named = (ast.Name, ast.Attribute)
    return {ast.unparse(n) for n in ast.walk(tree) if isinstance(n, named)}


def _power(base: Any, exponent: Any) -> Any:
    """Return a power; that of whole numbers as a float, which cannot grow for ever."""
    if isinstance(base, int) and isinstance(exponent, int):
        base, exponent = float(base), float(exponent)
    power = base**exponent
    if isinstance(power, complex):
        raise ArithmeticError("it is a complex number")
    return power


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=number) if type(number) in (int, float):
            return number
        case ast.Attribute() | ast.Name():
            key = ast.unparse(node)
            if key not in values:
                raise InputError(
                    f"`{key}` is not a key here." + did_you_mean(key, values)
                )
            return values[key]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left, values), _value(right, values))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
            return _BINARY[type(sign)](_value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if (
            type(sign) in _COMPARE
        ):
            return _COMPARE[type(sign)](_value(left, values), _value(right, values))
    raise InputError(
        f"`{ast.unparse(node)}` is more than arithmetic; use numbers, keys and + - * / "
        "**."
    )
