"""What pruning leaves of attention, beyond the share of scores that is kept."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from dse.records import Record, quantity, record
from dse.sparsity.pieces import interpolate


@record
class Measured(Record):
    """A share measured at some sizes `[points]`: of a buffer, or of a block."""

    sizes: Any
    shares: Any

    def at(self, size: Any) -> Any:
        """Return the share at a size: linear in its logarithm, level past the ends."""
        return interpolate(jnp.log(size), jnp.log(self.sizes), self.shares)


@record
class AttentionPruning(Record):
    """How the kept query-key pairs lie, which decides what a machine can save.

    Two measured tables may stand here; where they do not, a closed form does. The share
    of kept pairs itself is the density of the probabilities, as of any operand.
    """

    kept_first_round: Any = quantity(
        "1", "share of pairs left by a first, coarse round", default=1.0, high=1.0
    )
    reuse_exponent: Any = quantity(
        "1", "of the closed form of `reuse`", default=1.0 / 3.0, low=1e-3
    )
    measured_reuse: Measured | None = None  # over the share of keys that a buffer holds
    measured_union: Measured | None = None  # over the queries of a block

    def reuse(self, capacity: Any, keys: Any) -> Any:
        """Return the share of kept keys that a buffer still holds from the last query.

        Measured, or min(1, (capacity / keys)^exponent). `capacity` and `keys` count
        keys, scalars or arrays of one shape; the result is a share of the kept keys.
        Source: yazdanbakhsh2022sprint, data movement by capacity (closed form fitted).
        """
        held = jnp.minimum(jnp.asarray(capacity) / keys, 1.0)
        if self.measured_reuse is not None:
            return self.measured_reuse.at(held)
        return jnp.power(held, self.reuse_exponent)

    def union(self, queries: Any, kept: Any) -> Any:
        """Return the share of keys that one or more of some adjacent queries keep.

        Measured, or 1 - (1 - kept)^queries as for independent choices, which is an
        upper bound for queries that agree more than by chance. `kept` where `queries`
        is 1.
        """
        some = jnp.minimum(kept, 1.0 - 1e-6)  # all kept has no logarithm
        chance = jnp.where(kept < 1.0, -jnp.expm1(queries * jnp.log1p(-some)), 1.0)
        if self.measured_union is None:
            return chance
        return jnp.clip(self.measured_union.at(queries), kept, chance)
