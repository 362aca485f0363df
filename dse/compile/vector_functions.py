"""exp, log, powers and the next number, in instructions that every processor has.

Sums of Taylor's series of as many terms as the kind of float can tell apart: nothing is
fitted. Errors are one or two roundings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from dse.compile.llvm import Instructions, Value

LOG_2 = math.log(2.0)
_BEYOND = 2.3190468138462996e-17  # what a double leaves of log 2

# Terms until the next is below rounding, by the bits of a fraction.
_OF_EXP = {23: 8, 52: 14}
_OF_LOG = {23: 6, 52: 13}


def exp(write: Instructions, x: Value) -> Value:
    """Write e^x."""
    return _exp(write, x, write.number(0.0))


def _exp(write: Instructions, x: Value, rest: Value) -> Value:
    """Write e^(x + rest), of a rest that a rounding of x has left.

    It is 2^n sum of r^k / k! with x = n log 2 + r and |r| <= log(2) / 2.
    """
    low, high = (LOG_2 * power for power in _beyond(write))
    inside = _between(write, x, low, high)
    n = write.call("rint", write.calculate("fmul", inside, write.number(1.0 / LOG_2)))
    high, low = _halves_of_log_2(write)
    r = write.call("fma", n, write.number(-high), inside)
    r = write.call("fma", n, write.number(-low), r)
    return _power_of_e(write, x, n, write.calculate("fadd", r, rest))


def exp2(write: Instructions, x: Value) -> Value:
    """Write 2^n e^(r log 2) with x = n + r and |r| <= 1/2."""
    inside = _between(write, x, *_beyond(write))
    n = write.call("rint", inside)
    rest = write.calculate("fsub", inside, n)
    r = write.calculate("fmul", rest, write.number(LOG_2))
    return _power_of_e(write, x, n, r)


def _beyond(write: Instructions) -> tuple[float, float]:
    """Return powers of 2 whose results are 0, and infinite."""
    info = np.finfo(write.kind)
    return float(info.minexp - info.nmant - 2), float(info.maxexp + 1)


def _between(write: Instructions, x: Value, low: float, high: float) -> Value:
    """Return x between two ends; what is no number becomes one of them."""
    below = write.choose(
        write.compare("olt", x, write.number(high)), x, write.number(high)
    )
    return write.choose(
        write.compare("ogt", below, write.number(low)), below, write.number(low)
    )


def _power_of_e(write: Instructions, x: Value, n: Value, r: Value) -> Value:
    """Write 2^n e^r, by two halves of n: the second alone rounds, or goes beyond."""
    terms = _OF_EXP[write.fraction]
    found = _polynomial(write, r, [1.0 / math.factorial(k) for k in range(terms)])
    power = write.build.fptosi(n, write.wide)
    half = write.build.ashr(power, write.whole(1))
    bits = write.build.add(write.bits(found), _times_power(write, half))
    other = write.build.sub(power, half)
    zero = write.whole(int(np.finfo(write.kind).maxexp) - 1)
    scale = _times_power(write, write.build.add(other, zero))
    found = write.calculate("fmul", write.from_bits(bits), write.from_bits(scale))
    return write.choose(write.compare("uno", x, x), x, found)


def log(write: Instructions, x: Value) -> Value:
    """Write k log 2 + 2 sum of s^(2i+1) / (2i+1), with x = m 2^k, s = (m-1) / (m+1)."""
    m, k = _fraction_and_power(write, x)
    one = write.number(1.0)
    below = write.calculate("fadd", m, one)
    s = write.calculate("fdiv", write.calculate("fsub", m, one), below)
    series = _polynomial(write, write.calculate("fmul", s, s), _log_terms(write))
    high, low = _halves_of_log_2(write)
    found = write.call("fma", k, write.number(low), write.calculate("fmul", s, series))
    found = write.call("fma", k, write.number(high), found)
    return _log_at_ends(write, x, found)


def power(write: Instructions, x: Value, y: Value) -> Value:
    """Write x^y = e^(y log x) of an x that is not below 0.

    Logarithm and product are pairs of numbers, of which the second is what rounding
    took from the first: y log x is some hundreds, and its error that of the result.
    """
    m, k = _fraction_and_power(write, x)
    one = write.number(1.0)
    above, below = write.calculate("fsub", m, one), write.calculate("fadd", m, one)
    lost = write.calculate("fsub", m, write.calculate("fsub", below, one))
    first = write.calculate("fdiv", above, below)
    less = write.calculate("fneg", first)
    second = write.call("fma", less, lost, write.call("fma", less, below, above))
    s: _Pair = first, write.calculate("fdiv", second, below)
    square = _product(write, s, s)
    cube = _product(write, square, s)
    terms = _log_terms(write)
    later = write.calculate("fmul", square[0], _polynomial(write, square[0], terms[2:]))
    third = write.kind.type(2.0 / 3.0)
    beyond = float(Fraction(2, 3) - Fraction(float(third)))
    found = _product(write, cube, (write.number(third), write.number(beyond)))
    found = found[0], write.call("fma", cube[0], later, found[1])
    doubled: _Pair = (
        write.calculate("fadd", s[0], s[0]),
        write.calculate("fadd", s[1], s[1]),
    )
    found = _sum(write, doubled, found)
    high, low = (write.number(half) for half in _halves_of_log_2(write))
    of_k = write.calculate("fmul", k, high), write.calculate("fmul", k, low)
    found = _sum(write, _sum(write, of_k, found), (write.number(0.0),) * 2)
    of_x = _log_at_ends(write, x, found[0]), found[1]
    exponent, rest = _product(write, of_x, (y, write.number(0.0)))
    size, zero = write.call("fabs", exponent), write.number(0.0)
    told = write.compare("olt", size, write.number(_beyond(write)[1]))
    return _exp(write, exponent, write.choose(told, rest, zero))


_Pair = tuple[Value, Value]  # a number, and what rounding took from it


def _product(write: Instructions, a: _Pair, b: _Pair) -> _Pair:
    found = write.calculate("fmul", a[0], b[0])
    rest = write.call("fma", a[0], b[0], write.calculate("fneg", found))
    rest = write.call("fma", a[0], b[1], rest)
    return found, write.call("fma", a[1], b[0], rest)


def _sum(write: Instructions, a: _Pair, b: _Pair) -> _Pair:
    """Write a sum whose first part is 0, or not smaller than the second."""
    found = write.calculate("fadd", a[0], b[0])
    rest = write.calculate("fsub", b[0], write.calculate("fsub", found, a[0]))
    return found, write.calculate("fadd", rest, write.calculate("fadd", a[1], b[1]))


def _fraction_and_power(write: Instructions, x: Value) -> tuple[Value, Value]:
    """Write m and k of x = m 2^k; m lies between sqrt(1/2) and sqrt(2).

    What has less than full precision is made larger first.
    """
    lift = write.fraction + 1
    small = write.compare("olt", x, write.number(float(np.finfo(write.kind).tiny)))
    lifted = write.calculate("fmul", x, write.number(2.0**lift))
    full = write.choose(small, lifted, x)
    bits = write.bits(full)
    root = write.kind.type(math.sqrt(0.5)).view(f"i{write.bits_of_float // 8}")
    above = write.build.sub(bits, write.whole(int(root)))
    k = write.build.ashr(above, write.whole(write.fraction))
    m = write.from_bits(write.build.sub(bits, _times_power(write, k)))
    k = write.build.sitofp(k, write.floats)
    less = write.calculate("fsub", k, write.number(float(lift)))
    return m, write.choose(small, less, k)


def _log_terms(write: Instructions) -> list[float]:
    return [2.0 / (2 * i + 1) for i in range(_OF_LOG[write.fraction])]


def _log_at_ends(write: Instructions, x: Value, found: str) -> Value:
    for how, bound, instead in (
        ("oeq", 0.0, -math.inf),
        ("ult", 0.0, math.nan),
        ("oeq", math.inf, math.inf),
    ):
        outside = write.compare(how, x, write.number(bound))
        found = write.choose(outside, write.number(instead), found)
    return found


def next_after(write: Instructions, x: Value, y: Value) -> Value:
    """Write the number next to x on the way to y.

    The bits of a positive number, read as a whole one, are one more or less; from 0 it
    goes to the smallest number there is, of the sign of y.
    """
    zero = write.number(0.0)
    is_zero = write.compare("oeq", x, zero)
    up = write.compare("olt", x, y)
    away = write.build.xor(up, write.compare("olt", x, zero))
    change = write.choose(away, write.whole(1), write.whole(-1))
    bits = write.build.add(write.bits(x), change)
    first = write.choose(
        up, write.whole(1), write.whole(1 - 2 ** (write.bits_of_float - 1))
    )
    found = write.from_bits(write.choose(is_zero, first, bits))
    found = write.choose(write.compare("oeq", x, y), y, found)
    none = write.compare("uno", x, y)
    return write.choose(none, write.calculate("fadd", x, y), found)


def _polynomial(write: Instructions, x: Value, terms: Sequence[float]) -> Value:
    found = write.number(terms[-1])
    for term in reversed(terms[:-1]):
        found = write.call("fma", found, x, write.number(term))
    return found


def _times_power(write: Instructions, power: Value) -> Value:
    """Return what is added to the bits of a float to multiply it by a power of 2."""
    return write.build.shl(power, write.whole(write.fraction))


def _halves_of_log_2(write: Instructions) -> tuple[float, float]:
    """Return log 2 in few bits, so that its multiples are exact, and the rest."""
    few = 2 ** (write.fraction - 11)
    high = math.floor(LOG_2 * few) / few
    return high, _BEYOND + (LOG_2 - high)
