"""What an imprecise comparison in memory costs a SPRINT-type machine in accuracy.

A score that is compared with a threshold while it is off by some noise may be pruned
although it should have been kept. What is kept is recomputed exactly, so that nothing
else goes wrong; a score that is kept although it should not be costs work alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.sprint.normal import normal_quantile
from dse.hardware.technology import Technology
from dse.sparsity.curves import Curve
from dse.sparsity.pieces import interpolate

if TYPE_CHECKING:
    from dse.engines.sprint.engine import SprintEngine

CODED_RANGE = 8.0  # standard deviations of a query's or key's values, from end to end
_EDGE = 1e-6  # nearer to 0 or 1 a share has no quantile


def score_noise(design: SprintEngine, technology: Technology) -> Number:
    """Return the noise of a score in memory, over the standard deviation of scores.

        sqrt(q^2 + ((offset^2 + read^2) / (1 - 1 / on_off)^2))
        q^2 = 2 (8 / 2^m)^2 / 12

    q is what both operands lose when only their m most significant bits are compared:
    values of unit variance in 2^m equal steps over `CODED_RANGE`, each error even over
    a step. Cells that are off conduct too, which shrinks the signal beside the errors
    of comparator and read. Assumed: all of these are independent of each other.
    """
    step = CODED_RANGE / 2.0**design.pruning_bits
    rounding = 2.0 * step**2 / 12.0
    swing = 1.0 - 1.0 / technology["main_memory.on_off_ratio"]
    device = (
        technology["main_memory.comparator_offset"] ** 2
        + technology["main_memory.read_noise"] ** 2
    )
    return jnp.sqrt(rounding + device / swing**2)


def wrongly_pruned(kept: Number, noise: Number) -> Number:
    """Return the share of all pairs that noise prunes although they should be kept.

        phi(t) noise / sqrt(2 pi), at most `kept`;    t = threshold that keeps `kept`
        phi(t) = exp(-t^2 / 2) / sqrt(2 pi)

    For normal scores of variance 1 and normal noise, to first order in the noise: next
    to a threshold the scores lie evenly, and the mean of the noise's one side is noise
    / sqrt(2 pi). None where all are kept, for there is no threshold.
    """
    share = jnp.clip(kept, _EDGE, 1.0 - _EDGE)
    near = jnp.exp(-0.5 * normal_quantile(share) ** 2) * noise / (2.0 * math.pi)
    return jnp.where(jnp.asarray(kept) < 1.0, jnp.minimum(near, share), 0.0)


def drop_by_curve(curve: Curve, kept: Number, lost: Number) -> Number | None:
    """Return the accuracy lost when a share of the kept pairs is pruned on top.

        accuracy(kept) - accuracy(kept - lost)

    as a curve has them by the share it kept: those next to the threshold are the least
    of the kept, which is what a sharper threshold would prune. None for a curve that
    does not tell which share of the pairs it kept.
    """
    if curve.pairs is None:
        return None
    shares, accuracy = jnp.asarray(curve.pairs.kept), jnp.asarray(curve.accuracy)
    order = jnp.argsort(shares)
    shares, accuracy = shares[order], accuracy[order]
    before = interpolate(kept, shares, accuracy)
    after = interpolate(kept - lost, shares, accuracy)
    return jnp.maximum(before - after, 0.0)
