"""exp, log and the next number, in instructions that every processor has.

Sums of Taylor's series of as many terms as the kind of float can tell apart: nothing is
fitted. Errors are one or two roundings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dse.explore.rows.instructions import Instructions

LOG_2 = math.log(2.0)
_BEYOND = 2.3190468138462996e-17  # what a double leaves of log 2

# Terms until the next is below rounding, by the bits of a fraction.
_OF_EXP = {23: 8, 52: 14}
_OF_LOG = {23: 6, 52: 13}


def exp(write: Instructions, x: str) -> str:
    """Write 2^n sum of r^k / k! with x = n log 2 + r and |r| <= log(2) / 2."""
    largest = write.kind.type(math.log(float(np.finfo(write.kind).max)))
    if float(largest) > math.log(float(np.finfo(write.kind).max)):
        largest = np.nextafter(largest, write.kind.type(0.0))
    least = math.log(float(np.finfo(write.kind).smallest_subnormal)) - 1.0
    inside = _between(write, x, least, float(largest))
    n = write.call("rint", write.calculate("fmul", inside, write.number(1.0 / LOG_2)))
    high, low = _halves_of_log_2(write)
    r = write.call("fma", n, write.number(-high), inside)
    r = write.call("fma", n, write.number(-low), r)
    return _power_of_e(write, x, n, r, float(largest))


def exp2(write: Instructions, x: str) -> str:
    """Write 2^n e^(r log 2) with x = n + r and |r| <= 1/2."""
    info = np.finfo(write.kind)
    largest = float(np.nextafter(write.kind.type(info.maxexp), write.kind.type(0.0)))
    inside = _between(write, x, info.minexp - info.nmant - 2.0, largest)
    n = write.call("rint", inside)
    rest = write.calculate("fsub", inside, n)
    r = write.calculate("fmul", rest, write.number(LOG_2))
    return _power_of_e(write, x, n, r, largest)


def _between(write: Instructions, x: str, low: float, high: float) -> str:
    """Return x between two ends; what is no number becomes one of them."""
    below = write.choose(
        write.compare("olt", x, write.number(high)), x, write.number(high)
    )
    return write.choose(
        write.compare("ogt", below, write.number(low)), below, write.number(low)
    )


def _power_of_e(write: Instructions, x: str, n: str, r: str, largest: float) -> str:
    """Write 2^n e^r, infinite for x above the largest.

    Where the result has less than full precision it is made larger first, and then
    rounded once.
    """
    terms = _OF_EXP[write.format.fraction]
    found = _polynomial(write, r, [1.0 / math.factorial(k) for k in range(terms)])
    lift = 2 * write.format.fraction
    least = float(np.finfo(write.kind).minexp + 2)
    small = write.compare("olt", n, write.number(least))
    lifted = write.calculate("fadd", n, write.number(float(lift)))
    n = write.choose(small, lifted, n)
    power = _times_power(write, write.cast("fptosi", n, write.floats, write.wide))
    found = write.from_bits(write.new(f"add {write.wide} {write.bits(found)}, {power}"))
    lowered = write.calculate("fmul", found, write.number(2.0**-lift))
    found = write.choose(small, lowered, found)
    end = write.number(largest)
    found = write.choose(write.compare("ogt", x, end), write.number(math.inf), found)
    return write.choose(write.compare("uno", x, x), x, found)


def log(write: Instructions, x: str) -> str:
    """Write k log 2 + 2 sum of s^(2i+1) / (2i+1), with x = m 2^k, s = (m-1) / (m+1).

    m lies between sqrt(1/2) and sqrt(2). What has less than full precision is made
    larger first.
    """
    lift = write.format.fraction + 1
    small = write.compare("olt", x, write.number(float(np.finfo(write.kind).tiny)))
    lifted = write.calculate("fmul", x, write.number(2.0**lift))
    full = write.choose(small, lifted, x)
    wide, bits = write.wide, write.bits(full)
    root = write.kind.type(math.sqrt(0.5)).view(f"i{write.format.bits // 8}")
    above = write.new(f"sub {wide} {bits}, {write.whole(int(root))}")
    k = write.new(f"ashr {wide} {above}, {write.whole(write.format.fraction)}")
    m = write.from_bits(write.new(f"sub {wide} {bits}, {_times_power(write, k)}"))
    k = write.cast("sitofp", k, wide, write.floats)
    k = write.choose(small, write.calculate("fsub", k, write.number(float(lift))), k)
    one = write.number(1.0)
    below = write.calculate("fadd", m, one)
    s = write.calculate("fdiv", write.calculate("fsub", m, one), below)
    terms = [2.0 / (2 * i + 1) for i in range(_OF_LOG[write.format.fraction])]
    series = _polynomial(write, write.calculate("fmul", s, s), terms)
    high, low = _halves_of_log_2(write)
    found = write.call("fma", k, write.number(low), write.calculate("fmul", s, series))
    found = write.call("fma", k, write.number(high), found)
    for how, bound, instead in (
        ("oeq", 0.0, -math.inf),
        ("ult", 0.0, math.nan),
        ("oeq", math.inf, math.inf),
    ):
        outside = write.compare(how, x, write.number(bound))
        found = write.choose(outside, write.number(instead), found)
    return found


def next_after(write: Instructions, x: str, y: str) -> str:
    """Write the number next to x on the way to y.

    The bits of a positive number, read as a whole one, are one more or less; from 0 it
    goes to the smallest number there is, of the sign of y.
    """
    zero, wide = write.number(0.0), write.wide
    is_zero = write.compare("oeq", x, zero)
    up = write.compare("olt", x, y)
    away = write.new(f"xor {write.logicals} {up}, {write.compare('olt', x, zero)}")
    change = write.choose(away, write.whole(1), write.whole(-1), wide)
    bits = write.new(f"add {wide} {write.bits(x)}, {change}")
    first = write.choose(
        up, write.whole(1), write.whole(1 - 2 ** (write.format.bits - 1)), wide
    )
    found = write.from_bits(write.choose(is_zero, first, bits, wide))
    found = write.choose(write.compare("oeq", x, y), y, found)
    none = write.compare("uno", x, y)
    return write.choose(none, write.calculate("fadd", x, y), found)


def _polynomial(write: Instructions, x: str, terms: Sequence[float]) -> str:
    found = write.number(terms[-1])
    for term in reversed(terms[:-1]):
        found = write.call("fma", found, x, write.number(term))
    return found


def _times_power(write: Instructions, power: str) -> str:
    """Return what is added to the bits of a float to multiply it by a power of 2."""
    return write.new(f"shl {write.wide} {power}, {write.whole(write.format.fraction)}")


def _halves_of_log_2(write: Instructions) -> tuple[float, float]:
    """Return log 2 in few bits, so that its multiples are exact, and the rest."""
    few = 2 ** (write.format.fraction - 11)
    high = math.floor(LOG_2 * few) / few
    return high, _BEYOND + (LOG_2 - high)
