"""What pruning leaves of attention, beyond the share of scores that is kept."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from dse.arrays import Column, Number
from dse.records import Record, quantity, record
from dse.sparsity.pieces import interpolate


@record
class Measured(Record):
    """A share measured at some sizes `[points]`: of a buffer, or of a block."""

    sizes: Column
    shares: Column

    def at(self, size: Number) -> Number:
        """Return the share at a size: linear in its logarithm, level past the ends."""
        return interpolate(jnp.log(size), jnp.log(self.sizes), self.shares)


@record
class AttentionPruning(Record):
    """How the kept query-key pairs lie, which decides what a machine can save.

    Two measured tables may stand here; where they do not, a closed form does. The share
    of kept pairs itself is the density of the probabilities, as of any operand.
    """

    kept_first_round: Number = quantity(
        "1", "share of pairs left by a first, coarse round", default=1.0, high=1.0
    )
    reuse_exponent: Number = quantity(
        "1", "of the closed form of `reuse`", default=1.0 / 3.0, low=1e-3
    )
    measured_reuse: Measured | None = None  # over the share of keys that a buffer holds
    measured_union: Measured | None = None  # over the queries of a block

    def reuse(self, capacity: Number, keys: Number) -> Array:
        """Return the share of kept keys that a buffer still holds from the last query.

        Measured, or min(1, (capacity / keys)^exponent). A buffer below the smallest one
        that was measured has its part of that one's share, one of less than a key none.
        `capacity` and `keys` count keys, scalars or arrays of one shape; the result is
        a share of the kept keys. Source: yazdanbakhsh2022sprint, data movement by
        capacity (closed form fitted).
        """
        held = jnp.minimum(jnp.asarray(capacity) / keys, 1.0)
        if self.measured_reuse is None:
            share = jnp.power(held, self.reuse_exponent)
        else:
            least = jnp.asarray(self.measured_reuse.sizes)[0]
            share = self.measured_reuse.at(held) * jnp.minimum(held / least, 1.0)
        return jnp.where(jnp.asarray(capacity) >= 1.0, share, 0.0)

    def union(self, queries: Number, kept: Number) -> Array:
        """Return the share of keys that one or more of some adjacent queries keep.

        Measured, or 1 - (1 - kept)^queries as for independent choices, which is an
        upper bound for queries that agree more than by chance. Blocks larger than were
        measured go on as the last two did. `kept` where `queries` is 1.
        """
        chance = -jnp.expm1(-queries * _log_spared(kept))
        chance = jnp.where(kept < 1.0, chance, 1.0)
        if self.measured_union is None:
            return chance
        return jnp.clip(_beyond(self.measured_union, queries), kept, chance)


def _beyond(union: Measured, queries: Number) -> Number:
    """Return a union over any number of queries, beyond the largest by its trend.

        -log(1 - union) = c queries^p        p from the last two, 0 to 1

    p is 1 for queries that choose independently, 0 for those that all agree. It tells
    a union over 64 queries from those of 16 and 32 to 2 % of all keys, on all curves
    that were measured.
    """
    sizes = jnp.asarray(union.sizes)
    if len(sizes) < 2:
        return union.at(queries)
    before, last = (_log_spared(jnp.asarray(union.shares)[i]) for i in (-2, -1))
    power = jnp.clip(jnp.log(last / before) / jnp.log(sizes[-1] / sizes[-2]), 0.0, 1.0)
    times = jnp.maximum(jnp.asarray(queries) / sizes[-1], 1.0) ** power
    more = -jnp.expm1(-last * times)
    return jnp.where(jnp.asarray(queries) > sizes[-1], more, union.at(queries))


def _log_spared(share: Number) -> Array:
    """Return -log(1 - share), finite for none and for all."""
    return -jnp.log1p(-jnp.clip(share, 1e-9, 1.0 - 1e-6))
