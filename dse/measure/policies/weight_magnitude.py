"""Drop the weights whose magnitude is below a threshold, once, before any run."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from dse.arrays import Number
from dse.records import Record, quantity, record


@record
class WeightMagnitude(Record):
    """Keep the weights w with |w| >= threshold, without training them anew.

    With `DynaTran` on the activations this is the weight-pruned variant of AccelTran.
    Source: tuli2023acceltran, weight pruning.
    """

    threshold: Number = quantity("1", "magnitude below which a weight is dropped")

    def keep(self, weights: jax.Array) -> jax.Array:
        """Return the mask of kept weights [inner, columns]."""
        return jnp.greater_equal(jnp.abs(weights), self.threshold)
