"""Tile ops: how many an op becomes, how long one takes, how long they take together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.operand_reuse import LEFT, RIGHT, reuse_share
from dse.engines.tile.units import count
from dse.smooth import ceil, ceil_div

if TYPE_CHECKING:
    from dse.engines.tile.engine import TileEngine


@dataclass(frozen=True)
class Work:
    """What an op does on the units of one block; the default is nothing."""

    block: str = ""
    elapsed: Number = 0.0  # cycles from the first issue to the last result
    occupied: Number = 0.0  # cycles until the units have room for another op
    issued: Number = 0.0  # tile ops
    busy: Number = 0.0  # cycles x units

    def times(self, units: Number) -> Work:
        """Return the same work with more units occupied by every tile op."""
        return replace(self, busy=self.busy * units)


def whole(design: TileEngine, cycles: Number) -> Number:
    """Round cycles up where a machine counts whole ones only."""
    return ceil(cycles) if design.conventions.whole_cycles else cycles


def with_experts(op: Op) -> Op:
    """Return a product by each of the experts that a sequence meets.

    They share the tokens that chose them evenly; a tile holds those of one alone.
    """
    return op.replace(heads=op.heads * op.met_by_one, rows=op.rows / op.met_by_one)


def product_cycles(design: TileEngine, op: Op) -> Number:
    """Return the cycles of one tile op of a product.

    b x y y multiplications, less the pairs in which either operand is zero, on M
    multipliers: tile_batch tile_size^3 / M * density_left * density_right. Operands are
    taken to be zero independently of each other. Source: tuli2023acceltran.
    """
    muls = design.tile_batch * design.tile_size**3 / design.multipliers_per_lane
    return whole(design, muls * (op.input_density * _right_density(design, op)))


def convolution_cycles(design: TileEngine, op: Op) -> Number:
    """Return the cycles of one tile op of a depthwise convolution: `inner` taps each.

    tile_batch tile_size^2 taps / M * density_left * density_right, halos neglected
    """
    taps = op.inner * design.tile_size
    if design.conventions.taps_shorten_convolutions:
        taps = jnp.maximum(design.tile_size - op.inner, 0.0)
    muls = design.tile_batch * design.tile_size * taps / design.multipliers_per_lane
    return whole(design, muls * (op.input_density * _right_density(design, op)))


def softmax_cycles(design: TileEngine, op: Op) -> Number:
    """Return the cycles of one softmax tile op: the values that are not pruned."""
    return whole(design, design.tile_batch * design.tile_size**2 * op.input_density)


def layer_norm_cycles(design: TileEngine, op: Op) -> Number:
    """Return the cycles of one layer-norm tile op: its rows, then its columns."""
    everywhere = design.conventions.activation_density_everywhere
    density = op.input_density if everywhere else 1.0
    return whole(design, design.tile_batch * 2.0 * design.tile_size * density)


def _right_density(design: TileEngine, op: Op) -> Number:
    everywhere = design.conventions.activation_density_everywhere
    return 1.0 if everywhere else op.weight_density


def trips(design: TileEngine, op: Op, run: Run) -> dict[str, Number]:
    """Return the tiles of a product along each loop: batch, rows, summed, columns."""
    size = design.tile_size
    return {
        "b": ceil_div(run.batch, design.tile_batch),
        "i": ceil_div(op.rows, size),
        "k": ceil_div(op.inner, size),
        "j": ceil_div(op.columns, size),
    }


def product(
    design: TileEngine,
    op: Op,
    trips: dict[str, Number],
    cycles: Number,
    missed: dict[str, Number],
    weights: Number | None,
    right_rows: Number,
) -> Work:
    """Return the work of a product whose tile ops take some cycles each.

    Lanes in lockstep wait for the slow tile; they work, and burn, as long as before. So
    do lanes that wait for their operands. `weights` is None for activations.
    """
    per_head = trips["b"] * trips["i"] * trips["k"] * trips["j"]
    lanes = count("mac_lanes", design)
    waits = jnp.asarray(design.lane_schedule) > 0.5
    slowest = cycles * jnp.where(waits, op.imbalance.at(design.tile_size), 1.0)
    if not design.conventions.free_helpers:
        taken_in = operand_cycles(design, op, missed, weights, right_rows)
        slowest = jnp.maximum(slowest, taken_in)
    work = _work(design, op, "mac_lanes", per_head, slowest, lanes)
    return replace(work, busy=work.issued * cycles)


def missed_shares(design: TileEngine, trips: dict[str, Number]) -> dict[str, Number]:
    """Return the share of tile ops whose lane does not hold an operand yet, by side."""
    lanes = count("mac_lanes", design)
    return {
        side: 1.0 - reuse_share(design.loop_order, trips, lanes, side)
        for side in (LEFT, RIGHT)
    }


def operand_cycles(
    design: TileEngine,
    op: Op,
    missed: dict[str, Number],
    weights: Number | None,
    right_rows: Number,
) -> Number:
    """Return the cycles in which a lane takes in the operands of one tile op.

        tile_batch tile_size density_left missed_left + the same of the right side

    A row of a tile, as it is compressed, a cycle (assumed: AccelTran's papers give the
    FIFOs no rate); what a lane still holds it does not take again. The right side of a
    convolution has as many rows as there are taps.
    """
    depth = design.tile_batch if weights is None else 1.0
    left = design.tile_batch * op.input_density * missed[LEFT]
    right = depth * op.weight_density * missed[RIGHT]
    return design.tile_size * left + right_rows * right


def elementwise(
    design: TileEngine, op: Op, run: Run, block: str, cycles: Number, units: Number
) -> Work:
    """Return the work of an op over [rows, columns] tiles of every head."""
    per_head = (
        ceil_div(run.batch, design.tile_batch)
        * ceil_div(op.rows, design.tile_size)
        * ceil_div(op.columns, design.tile_size)
    )
    return _work(design, op, block, per_head, cycles, units)


def _work(
    design: TileEngine,
    op: Op,
    block: str,
    per_head: Number,
    cycles: Number,
    units: Number,
) -> Work:
    """Issue tile ops of P cycles each to the units of a block.

        elapsed  = max(windows - 1, (waves - 1)(P + 1)) + P + 1
        occupied = max(windows, issued (P + 1) / units)

    Every head issues one window of S tile ops a cycle; a unit takes a tile op every P +
    1 cycles, and those that a last wave leaves free take the next op. Source:
    tuli2023acceltran, scheduler of the simulator.
    """
    window = design.issue_batch
    issued = op.heads * per_head
    if design.conventions.ops_issued_twice:
        again = per_head * (window + 1.0) / window - 1.0 + op.last_share
        twice = (op.in_attention < 0.5) & (jnp.asarray(window) > 1.0)
        issued = jnp.where(twice, again, issued)
    windows = ceil_div(per_head, window)
    waves = jnp.maximum(ceil_div(issued, units), 1.0)
    held = jnp.maximum(windows - 1.0, (waves - 1.0) * (cycles + 1.0))
    return Work(
        block=block,
        elapsed=held + cycles + 1.0,
        occupied=jnp.maximum(windows, issued * (cycles + 1.0) / units),
        issued=issued,
        busy=issued * cycles,
    )
