"""N:M weights that are chosen while a model trains: SR-STE, and masks that inherit.

Of every M weights along the summed axis N are kept. The forward pass reads w * m; the
gradient with respect to w * m moves all of w, kept or not, so that a weight that was
dropped can come back. SR-STE draws dropped weights towards zero so that the choice
settles. IDP (inherited dynamic pruning) makes a series of ever sparser models, each of
which chooses among the weights that the one before it kept.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from dse.measure.policies.n_of_m import NOfM, keep_largest
from dse.records import Record, quantity, record

PULL = 2e-4  # default of SR-STE. Source: nmsparsity2021, default of `decay`

Parameters = dict[str, jax.Array]


@record
class Sparsifying(Record):
    """How weights are pruned during training.

    Without a rule the masks stay as they were inherited (frozen); with one they are
    chosen anew at every step, among the weights inherited.
    """

    inherited: dict[str, Any]  # masks of the weights that may stay, by parameter
    rule: NOfM | None = None
    pull: Any = quantity("1", "of dropped weights towards zero", default=PULL)

    def masks(self, parameters: Parameters) -> Parameters:
        """Return which weights are kept now, by parameter."""
        if self.rule is None:
            return self.inherited
        return {
            name: keep_inherited(parameters[name], mask, self.rule)
            for name, mask in self.inherited.items()
        }

    def apply(self, parameters: Parameters) -> Parameters:
        """Return the parameters with the dropped weights as zeros."""
        masks = self.masks(parameters)
        return parameters | {
            name: jnp.where(mask, parameters[name], 0.0) for name, mask in masks.items()
        }

    def slopes(self, slopes: Parameters, parameters: Parameters) -> Parameters:
        """Return gradients with the pull on dropped weights: g + pull (1 - m) w.

        Source: zhou2021nm, SR-STE.
        """
        return slopes | {
            name: slopes[name] + self.pull * jnp.where(mask, 0.0, parameters[name])
            for name, mask in self.masks(parameters).items()
        }


DENSE = Sparsifying(inherited={})


def keep_inherited(weights: jax.Array, inherited: jax.Array, rule: NOfM) -> jax.Array:
    """Return the N largest of each M weights, of those that were inherited alone.

    A group that inherits fewer than N keeps those. Masks and weights [inner, columns].
    """
    sizes = jnp.where(inherited, jnp.abs(weights), -1.0)
    return keep_largest(sizes, rule.n, rule.m) & inherited


def prunable(parameters: Parameters) -> dict[str, jax.Array]:
    """Return masks that keep every weight of the linear layers of an encoder.

    Embeddings, norms, biases and the head are not pruned.
    """
    return {
        name: jnp.ones(value.shape, bool)
        for name, value in parameters.items()
        if ".layers." in name and name.endswith("kernel")
    }
