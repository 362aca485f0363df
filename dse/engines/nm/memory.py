"""What an N:M engine moves: compressed weights, activations and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jax.numpy as jnp
import numpy as np

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.nm import codes as nm_codes
from dse.engines.nm.costs import main_memory_energy
from dse.hardware.technology import Technology
from dse.schedule.traffic import Room, Storage
from dse.schedule.weights import early_share, fetched_share
from dse.smooth import ceil_div
from dse.workload.ops import Ops

if TYPE_CHECKING:
    from dse.engines.nm.engine import NMEngine

# A buffer is two halves: one is read while the other is filled.
HALF = 0.5
ACCUMULATOR_BITS = 32.0


class Weights(NamedTuple):
    """Bits of the weights of an op as they are stored: values, and positions."""

    values: Number
    positions: Number

    @property
    def bits(self) -> Number:
        """Values and positions together."""
        return self.values + self.positions


def stored_weights(
    design: NMEngine,
    run: Run,
    heads: Number,
    inner: Number,
    columns: Number,
    *,
    kept: Number,
    group: Number,
) -> Weights:
    """Return the bits of `heads` matrices [inner, columns], ceil(K / M) groups deep."""
    groups = heads * columns * ceil_div(inner, group)
    positions = nm_codes.position_bits(
        kept, group, design.position_code, design.strip_rows
    )
    value = design.words(run).kept.weight_bits
    return Weights(groups * kept * value, groups * positions)


def bits_per_weight(design: NMEngine, run: Run) -> Weights:
    """Return the stored bits for one weight of the dense matrix."""
    kept, group = design.pair
    code = nm_codes.position_bits(kept, group, design.position_code, design.strip_rows)
    value = design.words(run).kept.weight_bits
    return Weights(kept / group * value, code / group)


def room(design: NMEngine) -> Number:
    """Return the bits of activations that stay on chip; the other half streams."""
    return HALF * design.bits("activation_buffer")


def storage(design: NMEngine, ops: Ops, run: Run) -> Storage:
    """Return how values of a block are kept: compressed weights, whole activations.

    Weights go to two buffers, values and positions; the fuller one counts.
    """
    each, own = bits_per_weight(design, run), np.logical_not(ops.borrows)
    weights = jnp.stack(
        [
            stored_weights(
                design,
                run,
                jnp.asarray(ops.heads * np.asarray(ops.choices) * own)[i],
                jnp.asarray(ops.inner)[i],
                jnp.asarray(ops.columns)[i],
                kept=kept,
                group=group,
            ).bits
            for i, kind in enumerate(ops.kinds)
            for kept, group in [design.pair if kind == "linear" else (1.0, 1.0)]
        ]
    )
    held = each.bits * jnp.minimum(
        design.bits("weight_buffer") / each.values,
        design.bits("index_buffer") / jnp.maximum(each.positions, 1e-9),
    )
    total = jnp.sum(run.weight_sets * run.weights) * each.bits
    kept_bits = design.words(run).kept
    value = kept_bits.activation_bits * jnp.ones(len(ops))
    return Storage(
        rooms=(Room(room(design), value, value, "half of the activation buffer"),),
        weight_room=held,
        weights=weights,
        gathered=jnp.asarray(ops.rows)
        * ops.columns
        * (kept_bits.weight_bits * jnp.ones(len(ops))),
        operand=value,
        result=value,
        cached=kept_bits.cache_bits,
        fetched=fetched_share(total, held, weights_stay=run.weights_stay),
        weights_stay=run.weights_stay,
    )


def prefetch_share(design: NMEngine, op: Op, run: Run, weights: Weights) -> Number:
    """Return the share of an op's weights that arrives while the op before it works.

    None of an op that borrows those of an earlier one.
    """
    each = bits_per_weight(design, run)
    own = op.weights / jnp.maximum(op.matrices * op.inner * op.columns, 1.0)
    shares = [
        early_share(own * bits, op.weights_before * before, design.bits(buffer))
        for buffer, bits, before in (
            ("weight_buffer", weights.values, each.values),
            ("index_buffer", weights.positions, each.positions),
        )
    ]
    return jnp.minimum(*shares)


def lead(design: NMEngine, op: Op, kept: Number, group: Number) -> Number:
    """Return the share of a right operand, and of the work on it, of one array-full."""
    values = jnp.maximum(op.inner * kept / group, 1.0) * op.columns
    return jnp.minimum(design.tile_columns * design.tile_depth / values, 1.0)


def undrained(design: NMEngine, results: Number) -> Number:
    """Return the cycles that the array waits for its results to leave.

    An output buffer that holds two tiles of sums drains one while the next one fills.
    What it lacks of that is waited for, at `results_per_cycle`.
    """
    tile = design.tile_rows * design.tile_columns * ACCUMULATOR_BITS
    held = jnp.minimum(1.0, design.bits("output_buffer") / (2.0 * tile))
    return (1.0 - held) * results / design.results_per_cycle


def operand_bits(
    design: NMEngine,
    run: Run,
    *,
    rows: Number,
    summed: Number,
    columns: Number,
    right: Number,
) -> tuple[Number, Number]:
    """Return the bits read of the left operand, and how often the right one is read.

    The array reads the left operand once for each tile of columns and the right one,
    of `right` stored bits, once for each tile of rows. All M activations of a group
    are read, for any of them may be selected.
    """
    value = design.words(run).kept.activation_bits
    left = rows * summed * value * ceil_div(columns, design.tile_columns)
    return left, right * ceil_div(rows, design.tile_rows)


def port_cycles(design: NMEngine, technology: Technology, bits: Number) -> Number:
    """Return the cycles that bits keep the main-memory port busy."""
    bus = design.memory_bandwidth_gb_per_s * 8e9 / design.clock(technology)
    return bits / bus


def main_memory(
    design: NMEngine, technology: Technology, read: Number, written: Number
) -> dict[str, Number]:
    """Return the energy in J of bits read and written, by component."""
    memory = design.memory(technology)
    if memory is None:
        joule = main_memory_energy(design, technology)
        return {"main_memory": (read + written) * joule}
    return memory.energy(read, written)
