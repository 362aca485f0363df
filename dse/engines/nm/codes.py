"""What N:M weights cost to store: kept values and the code of their positions.

Of every M consecutive weights along the summed axis N are kept. Beside their values, a
group stores which they were. The traffic of sparse weights follows from both, never
from N/M alone. All forms take fractional N and M for gradients; they are exact at whole
ones.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from dse.arrays import Choice, Number
from dse.smooth import ceil
from dse.traced_once import traced_once

CODES = ("best", "bitmap", "index", "rank", "venom", "entropy")
# Columns that V:N:M keeps of every tile, for hardware that can do 2:4.
VENOM_COLUMNS = 4.0
# log2 of a binomial is good to this in float32; none that is used comes nearer to a
# whole number without being one.
_ROUNDING = 1e-4


@traced_once()
def position_bits(
    kept: Number, group: Number, code: Choice, strip_rows: Number
) -> Number:
    """Return the bits that say which `kept` of `group` values there are.

        bitmap: M                        index: N ceil(log2 M)
        rank:   ceil(log2 binom(M, N))   best: min(bitmap, index)
        venom:  2 N + 4 ceil(log2 M) / V, for each of V rows of a tile
        entropy: M H(N/M), H(p) = -p log2 p - (1-p) log2 (1-p)

    `entropy` is the limit of `rank` for large groups of equal density, thus what
    unstructured weights take at least. Dense weights (N = M) need no positions. `code`
    is a place in `CODES`; scalars; unit: bit per group. Source: castro2023venom for
    V:N:M, arithmetic for the others.
    """
    kept, group = jnp.minimum(kept, group) * 1.0, jnp.asarray(group) * 1.0
    address = ceil(jnp.log2(group))
    index = kept * address
    table = (
        jnp.minimum(group, index),
        group,
        index,
        jnp.maximum(ceil(_log2_binomial(group, kept) - _ROUNDING), 0.0),
        kept * jnp.log2(VENOM_COLUMNS) + VENOM_COLUMNS * address / strip_rows,
        group * binary_entropy(kept / group),
    )
    bits = jnp.select([jnp.asarray(code) == i for i in range(len(CODES))], table)
    return jnp.where(kept < group, bits, 0.0)


def stored_bits(
    kept: Number,
    group: Number,
    *,
    width: Number,
    code: Choice,
    strip_rows: Number = 64.0,
) -> Number:
    """Return the bits of one stored group: values of `width` bits, and positions."""
    return kept * width + position_bits(kept, group, code, strip_rows)


def compression_ratio(
    kept: Number,
    group: Number,
    *,
    width: Number,
    code: Choice,
    strip_rows: Number = 64.0,
) -> Number:
    """Return dense bits over stored bits: M b / (N b + positions). Unit: 1."""
    bits = stored_bits(kept, group, width=width, code=code, strip_rows=strip_rows)
    return group * width / bits


def binary_entropy(share: Number) -> Number:
    """Return the bits per value of an ideal code of which values are kept.

    H(p) = -p log2 p - (1 - p) log2 (1 - p), 0 at both ends. Shapes: any; unit: bit.
    """
    inside = jnp.clip(share, 1e-7, 1.0 - 1e-7)
    return -(inside * jnp.log2(inside) + (1.0 - inside) * jnp.log2(1.0 - inside))


def legal_pairs(largest_kept: int, largest_group: int) -> list[tuple[int, int]]:
    """Return every (N, M) that a build can run: dense first, then by falling density.

    M is a power of two up to `largest_group`, for positions address it; N up to
    `largest_kept`. Of pairs of equal density all are listed, small groups first.
    """
    groups = [2**i for i in range(1, largest_group.bit_length())]
    pairs = [
        (kept, group)
        for group in groups
        for kept in range(1, min(largest_kept, group - 1) + 1)
    ]
    return [(1, 1), *sorted(pairs, key=lambda pair: (-pair[0] / pair[1], pair[1]))]


def nearest_pair(
    kept: float, group: float, *, largest_kept: int, largest_group: int
) -> tuple[int, int]:
    """Return the legal pair nearest to a relaxed one: in density, then in group size.

    Distances are those of the logarithms; dense pairs are (1, 1), whatever the group.
    """

    def distance(pair: tuple[int, int]) -> tuple[float, float]:
        density = abs(math.log(kept / group) - math.log(pair[0] / pair[1]))
        return round(density, 9), abs(math.log(group / pair[1]))

    return min(legal_pairs(largest_kept, largest_group), key=distance)


def _log2_binomial(n: Number, k: Number) -> Number:
    """Return log2 of n over k, for real n >= k >= 0."""
    log_factorial = jax.lax.lgamma
    return (
        log_factorial(n + 1.0) - log_factorial(k + 1.0) - log_factorial(n - k + 1.0)
    ) / jnp.log(2.0)
