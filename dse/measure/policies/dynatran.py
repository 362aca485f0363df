"""DynaTran: at run time, drop every activation whose magnitude is below a threshold."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from dse.arrays import Number
from dse.records import Record, quantity, record


@record
class DynaTran(Record):
    """Keep the values x with |x| >= threshold: of every matrix of every layer alike.

    No ranking and no second pass: one comparison per value. Scores that are dropped
    count as zero before the softmax, as the machine stores them, and still take part.
    Source: tuli2023acceltran, DynaTran.
    """

    threshold: Number = quantity("1", "magnitude below which a value is dropped")

    def keep(self, site: str, layer: int, values: jax.Array) -> jax.Array:
        """Return the mask of kept values, of the shape of `values`.

        What is no number is kept, so that it shows in the result.
        """
        return ~jnp.less(jnp.abs(values), self.threshold)
