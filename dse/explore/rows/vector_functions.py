"""exp, log and the next smaller number, in instructions that every processor has.

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
    """Write 2^n sum of r^k / k! with x = n log 2 + r and |r| <= log(2) / 2.

    What is below the smallest normal number is 0.
    """
    info = np.finfo(write.kind)
    largest = math.log(float(info.max))
    most = float(np.nextafter(write.kind.type(largest), write.kind.type(0.0)))
    end = write.number(most)
    inside = write.choose(write.compare("olt", x, end), x, end)
    n = write.call("rint", write.calculate("fmul", inside, write.number(1.0 / LOG_2)))
    high, low = _halves_of_log_2(write)
    r = write.call("fma", n, write.number(-high), inside)
    r = write.call("fma", n, write.number(-low), r)
    terms = _OF_EXP[write.format.fraction]
    found = _polynomial(write, r, [1.0 / math.factorial(k) for k in range(terms)])
    power = _times_power(write, write.cast("fptosi", n, write.floats, write.wide))
    found = write.from_bits(write.new(f"add {write.wide} {write.bits(found)}, {power}"))
    least = write.number(math.log(float(info.tiny)))
    found = write.choose(write.compare("olt", x, least), write.number(0.0), found)
    bursts = write.compare("ugt", x, end)  # or is no number
    return write.choose(bursts, write.number(math.inf), found)


def log(write: Instructions, x: str) -> str:
    """Write k log 2 + 2 sum of s^(2i+1) / (2i+1), with x = m 2^k, s = (m-1) / (m+1).

    m lies between sqrt(1/2) and sqrt(2). What is below the smallest normal number
    counts as 0.
    """
    wide, bits = write.wide, write.bits(x)
    root = write.kind.type(math.sqrt(0.5)).view(f"i{write.format.bits // 8}")
    above = write.new(f"sub {wide} {bits}, {write.whole(int(root))}")
    k = write.new(f"ashr {wide} {above}, {write.whole(write.format.fraction)}")
    m = write.from_bits(write.new(f"sub {wide} {bits}, {_times_power(write, k)}"))
    k = write.cast("sitofp", k, wide, write.floats)
    one = write.number(1.0)
    below = write.calculate("fadd", m, one)
    s = write.calculate("fdiv", write.calculate("fsub", m, one), below)
    terms = [2.0 / (2 * i + 1) for i in range(_OF_LOG[write.format.fraction])]
    series = _polynomial(write, write.calculate("fmul", s, s), terms)
    high, low = _halves_of_log_2(write)
    found = write.call("fma", k, write.number(low), write.calculate("fmul", s, series))
    found = write.call("fma", k, write.number(high), found)
    tiny = write.number(float(np.finfo(write.kind).tiny))
    for how, bound, instead in (
        ("olt", tiny, -math.inf),
        ("ult", write.number(0.0), math.nan),
        ("oeq", write.number(math.inf), math.inf),
    ):
        outside = write.compare(how, x, bound)
        found = write.choose(outside, write.number(instead), found)
    return found


def next_below(write: Instructions, x: str) -> str:
    """Write the next smaller number; 0, which has no near one, stays.

    The bits of a positive number, read as a whole one, are one less.
    """
    zero = write.number(0.0)
    positive = write.compare("ogt", x, zero)
    change = write.choose(positive, write.whole(-1), write.whole(1), write.wide)
    smaller = write.from_bits(write.new(f"add {write.wide} {write.bits(x)}, {change}"))
    return write.choose(write.compare("oeq", x, zero), x, smaller)


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
