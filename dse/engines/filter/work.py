"""What the filtering unit and the attention unit do: pairs, products and cycles.

Source of the structure: zhou2023energon (multi-round filtering in low precision); the
equations are derived in docs/filter_engine.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.masks import unmasked
from dse.hardware.technology import Technology
from dse.smooth import ceil_div
from dse.sparsity.loss import Loss, Subject

if TYPE_CHECKING:
    from dse.engines.filter.engine import FilterEngine


FIRST_BITS, SECOND_BITS = 2.0, 4.0  # of the rounds that were measured


@dataclass(frozen=True)
class Pairs:
    """The query-key pairs of one head: how many there are, and which share survives.

    `queries` and `keys` leave out padding, `pairs` what a causal mask hides. Queries
    are those of all heads that share the keys, of some `tokens`.
    """

    queries: Number
    keys: Number
    tokens: Number
    width: Number  # of a query and a key
    value_width: Number
    every: Number  # keys there are, of which a window shows a query `keys`
    pairs: Number
    kept_first_round: Number
    kept: Number


@dataclass(frozen=True)
class HeadWork:
    """Counts of what one head asks of the units."""

    low_bit_macs: Number  # of query bits x first-round bits
    selections: Number
    high_bit_macs: Number
    exponents: Number
    divisions: Number


def count_pairs(design: FilterEngine, op: Op, run: Run) -> Pairs:
    """Return the pairs of a head, and the shares that the rounds of a machine keep.

    A machine without rounds keeps all pairs; one with a single round has no first one
    to speak of.
    """
    real = unmasked(op, run)
    kept = jnp.where(design.rounds > 0.5, op.output_density, 1.0)
    first = jnp.maximum(run.attention.kept_first_round, kept)
    return Pairs(
        queries=real.queries,
        keys=real.keys,
        tokens=real.tokens,
        width=op.inner,
        value_width=op.inner * op.value_ratio,
        every=real.every,
        pairs=real.queries * real.seen,
        kept_first_round=jnp.where(design.rounds > 1.5, first, kept),
        kept=kept,
    )


def count_work(design: FilterEngine, pairs: Pairs) -> HeadWork:
    """Return the counts of one head.

    The first round multiplies every pair, the second one what it left over. With reuse
    the second round adds only the bits of the key that the first one did not have; else
    it starts over: (b2 - b1) / b1 or b2 / b1 passes of the low-bit multipliers.
    """
    one = jnp.where(design.rounds > 0.5, 1.0, 0.0)
    two = jnp.where(design.rounds > 1.5, 1.0, 0.0)
    again = 1.0 - jnp.asarray(design.result_reuse)
    new_bits = design.second_round_bits - (1.0 - again) * design.first_round_bits
    passes = new_bits / design.first_round_bits
    second = two * pairs.kept_first_round
    chosen = pairs.pairs * pairs.kept
    return HeadWork(
        low_bit_macs=pairs.pairs * pairs.width * (one + second * passes),
        selections=pairs.pairs * (one + second),
        high_bit_macs=chosen * (pairs.width + pairs.value_width),
        exponents=chosen,
        divisions=pairs.queries * pairs.value_width,
    )


@dataclass(frozen=True)
class Pace:
    """Cycles of all heads: of the slower unit alone, and from first to last result."""

    occupied: Number
    elapsed: Number


def pace(
    design: FilterEngine, technology: Technology, op: Op, run: Run, work: HeadWork
) -> Pace:
    """Return how long the units take for all heads of all sequences.

        C_F = max(low-bit MACs / P_F, selections / L) / utilization
        C_A = (high-bit MACs / P_A + exponents / L_e + divisions / L_d) / utilization
        occupied = waves * max(C_F, C_A),  elapsed = occupied + min(C_F, C_A) / queries

    Heads share the units evenly; a wave is one head in each share. The units form a
    pipeline of rows: no row leaves the filter before its threshold is known, which is
    when all of it was scored.
    """
    share = design.heads_in_parallel / technology["pipeline.utilization"]
    multiply = work.low_bit_macs / design.low_bit_multipliers
    select = work.selections / design.selector_lanes
    filtering = share * jnp.maximum(multiply, select)
    attention = share * (
        work.high_bit_macs / design.high_bit_multipliers
        + work.exponents / design.exponent_lanes
        + work.divisions / design.divider_lanes
    )
    waves = ceil_div(run.batch * op.heads, design.heads_in_parallel)
    occupied = waves * jnp.maximum(filtering, attention)
    first_row = jnp.minimum(filtering, attention) / jnp.maximum(op.rows, 1.0)
    return Pace(occupied, occupied + first_row)


def query_block(design: FilterEngine, op: Op, run: Run) -> Number:
    """Return the queries that share a fetch of keys: wanted, and held by the buffer."""
    word = design.words(run).kept.activation_bits
    row = jnp.maximum(op.inner * word / 8.0, 1.0)
    fits = design.query_buffer_kib * 1024.0 / row
    return jnp.clip(jnp.minimum(design.query_block, fits), 1.0, op.rows)


def rounds_loss(design: FilterEngine, subject: Subject) -> Loss:
    """Return what a coarse filter loses beside a curve: NaN, not known, of fewer bits.

    MP-MRF was measured with its rounds at 2 and 4 bits; a machine without rounds keeps
    all pairs.
    """
    two = design.rounds > 1.5
    finest = jnp.where(two, design.second_round_bits, design.first_round_bits)
    first = jnp.where(two, design.first_round_bits, FIRST_BITS)
    held = (design.query_bits >= SECOND_BITS) & (finest >= SECOND_BITS)
    known = (held & (first >= FIRST_BITS)) | (design.rounds < 0.5)
    return Loss(
        drop=jnp.where(known, 0.0, jnp.nan),
        subject=subject,
        at_stake=0.0,
        unknown="rounds of fewer bits than 2 and 4, which were not measured",
    )
