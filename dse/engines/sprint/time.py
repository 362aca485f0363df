"""How long the CORELETs of a SPRINT-type machine work on one head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op
from dse.engines.sprint.normal import normal_quantile
from dse.engines.sprint.pairs import Pairs
from dse.hardware.technology import Technology
from dse.smooth import ceil_div

if TYPE_CHECKING:
    from dse.engines.sprint.engine import SprintEngine


def query_cycles(
    design: SprintEngine, op: Op, technology: Technology, pair: Pairs
) -> Number:
    """Return the mean cycles from one query to the next.

        max(turns, threshold)      turns = scored keys / CORELETs (1 + imbalance)

    QK unit, softmax and V unit form a pipeline that takes a key of d values in
    ceil(d / multipliers) cycles, or as long as a wider value. A machine that prunes in
    memory asks for the pruning vector one query ahead, so that the slower of the two
    counts.
    Source: yazdanbakhsh2022sprint, CORELETs.
    """
    scored = pair.scored / pair.queries
    uneven = scored * (1.0 + imbalance(design, technology, pair)) / design.corelets
    shared = jnp.where(
        design.prunes_in_memory,
        jnp.minimum(uneven, scored),
        jnp.maximum(scored / design.corelets, 1.0),
    )
    widest = op.inner * jnp.maximum(1.0, op.value_ratio)
    turns = shared * ceil_div(widest, design.multipliers)
    return jnp.maximum(turns, threshold_cycles(design, op, technology, pair))


def threshold_cycles(
    design: SprintEngine, op: Op, technology: Technology, pair: Pairs
) -> Number:
    """Return the cycles to prune one query in memory; 0 for a machine that does not.

    copy the query's most significant bits + settle and compare + read a bit a key
    """
    bus = design.bits_per_cycle
    copy = op.inner * design.pruning_bits / bus
    read = pair.stored_keys / bus
    settle = technology["main_memory.threshold_cycles"]
    return jnp.where(design.prunes_in_memory, copy + settle + read, 0.0)


def imbalance(design: SprintEngine, technology: Technology, pair: Pairs) -> Number:
    """Return by what share the fullest CORELET works longer than the mean.

        c_N v sqrt(N / s')      c_N = quantile of the normal at (N - 3/8) / (N + 1/4)

    Keys are dealt in turn, key j to CORELET j mod N, and CORELETs wait for each other
    at the end of a head only. What each works is then a sum over s'/N keys of how many
    queries keep them, whose variation is v; the fullest of N such sums lies c_N
    standard deviations above the mean (Blom's approximation, 0 for one CORELET).
    """
    count = design.corelets
    above = normal_quantile((count - 0.375) / (count + 0.25))
    variation = technology["corelet.popularity_variation"]
    return above * variation * jnp.sqrt(count / pair.seen_keys)
