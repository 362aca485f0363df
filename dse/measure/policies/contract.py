"""What a pruning rule is: values, scores or weights in, a mask of what is kept out.

A rule is a record whose setting is a leaf, so that one compiled model serves every
setting. Values that a rule drops become zero; pairs that it drops leave the softmax.
The share that is kept never grows as the setting gets stricter.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp

from dse.records import Record, record


class Selection(NamedTuple):
    """What a score rule leaves: the scores softmax reads, and the pairs of each round.

    All arrays are [batch, heads, queries, keys]. Each round's mask lies within the one
    before it, and the first within the pairs that were allowed.
    """

    scores: jax.Array
    rounds: tuple[jax.Array, ...]


@runtime_checkable
class ActivationRule(Protocol):
    """Says which values of an activation matrix are kept, whatever its shape."""

    def keep(self, site: str, layer: int, values: jax.Array) -> jax.Array:
        """Return the mask of kept values of one site of one layer."""
        ...


@runtime_checkable
class ScoreRule(Protocol):
    """Says which query-key pairs take part in the softmax."""

    def select(
        self,
        layer: int,
        query: jax.Array,
        key: jax.Array,
        scores: jax.Array,
        allowed: jax.Array,
    ) -> Selection:
        """Return the pairs that are kept.

        Args:
            layer: which layer asks, from 0.
            query: [batch, heads, queries, head width].
            key: [batch, heads, keys, head width].
            scores: exact and scaled, [batch, heads, queries, keys].
            allowed: pairs of real tokens in an allowed order, of the shape of `scores`.
        """
        ...


@runtime_checkable
class WeightRule(Protocol):
    """Says which weights of a linear layer are kept."""

    def keep(self, weights: jax.Array) -> jax.Array:
        """Return the mask of kept weights of one matrix [inner, columns]."""
        ...


@record
class Pruning(Record):
    """The rules in force, one of each kind at most; none of a kind prunes nothing."""

    activation: ActivationRule | None = None
    score: ScoreRule | None = None
    weight: WeightRule | None = None

    def values(self, site: str, layer: int, values: jax.Array) -> jax.Array:
        """Return an activation matrix with what is dropped set to zero."""
        if self.activation is None:
            return values
        return jnp.where(self.activation.keep(site, layer, values), values, 0.0)

    def select(
        self,
        layer: int,
        query: jax.Array,
        key: jax.Array,
        scores: jax.Array,
        allowed: jax.Array,
    ) -> Selection:
        """Return the pairs that are kept, as a `ScoreRule` does."""
        if self.score is None:
            return Selection(scores, (allowed,))
        found: Selection = self.score.select(layer, query, key, scores, allowed)
        return found

    def weights(self, weights: jax.Array) -> jax.Array:
        """Return a weight matrix with what is dropped set to zero."""
        if self.weight is None:
            return weights
        return jnp.where(self.weight.keep(weights), weights, 0.0)
