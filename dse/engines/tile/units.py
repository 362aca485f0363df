"""The building blocks of a processing element: their area and power at any size.

Blocks were synthesised at a few sizes only; between and beyond those, area and power
follow a power law through the known points. Source: tuli2023acceltran, synthesis
reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.word_length import adder_size, logic_depth
from dse.hardware import shared_parts
from dse.hardware.technology import Technology
from dse.smooth import log_interpolate

if TYPE_CHECKING:
    from dse.engines.tile.engine import TileEngine

LANE_BLOCKS = ("mac_lanes", "pre_sparsity", "post_sparsity", "fifo")
PE_BLOCKS = ("dataflow", "dma", "layer_norm", "softmax")
BLOCKS = LANE_BLOCKS + PE_BLOCKS
_SHARED = ("mac_lanes", "softmax", "layer_norm")  # where a technology has shared parts
SYNTHESISED_BITS = 20.0
_TILES = (8.0, 16.0, 32.0)


def unit(technology: Technology, block: str, what: str, design: TileEngine) -> Number:
    """Return `area`, `dynamic_power` or `leakage_power` of ONE unit, in SI.

    As synthesised for words of 20 bits, times what another width makes of it: of a MAC
    lane the share of its multipliers grows with the square, all else in proportion.
    Multipliers, softmax and layer norm are the shared ones where a technology has them.
    """
    if shared_parts.are_shared(technology) and block in _SHARED:
        return _shared(technology, block, what, design)
    width = adder_size(design.word_bits, SYNTHESISED_BITS)
    if block == "mac_lanes":
        share = _share_of_multipliers(technology, design)
        squared = 1.0 + share * (width - 1.0)
        return _lane(technology, what, design) * (width * squared)
    return width * _synthesised(technology, block, what, design)


def _shared(
    technology: Technology, block: str, what: str, design: TileEngine
) -> Number:
    """Return what a unit made of shared parts is: of multipliers, or of vector lanes.

    Softmax takes a value a cycle and layer norm half a row, in three passes each; the
    non-linearity of a MAC lane is counted in with its multipliers.
    """
    word = design.word_bits
    if block == "mac_lanes":
        part = shared_parts.multiplier(technology, word, word)
        part = part.times(design.multipliers_per_lane)
    else:
        values = 1.0 if block == "softmax" else 0.5 * design.tile_size
        lane = shared_parts.vector_lane(technology, word)
        part = lane.times(shared_parts.SOFTMAX_PASSES * values)
    if what == "dynamic_power":
        return part.energy * technology["clock.frequency"]
    return part.area if what == "area" else part.leakage_power


def _synthesised(
    technology: Technology, block: str, what: str, design: TileEngine
) -> Number:
    """Return what a unit other than a MAC lane is for words of 20 bits."""
    if block in ("softmax", "layer_norm"):
        known = [technology[f"{block}.{what}_tile_{size:.0f}"] for size in _TILES]
        return log_interpolate(design.tile_size, _TILES, known)
    return technology[f"{block}.{what}"]


def _share_of_multipliers(technology: Technology, design: TileEngine) -> Number:
    """Return the share of a MAC lane, by area, that its multipliers are."""
    multipliers = design.multipliers_per_lane * technology["multiplier.area"]
    return jnp.minimum(multipliers / _lane(technology, "area", design), 1.0)


def _lane(technology: Technology, what: str, design: TileEngine) -> Number:
    by_kind = [
        log_interpolate(
            design.multipliers_per_lane,
            (1.0, 16.0),
            [technology[f"lane.{what}_m{m}_{kind}"] for m in (1, 16)],
        )
        for kind in ("relu", "gelu")
    ]
    return jnp.where(jnp.asarray(design.non_linearity) > 0.5, by_kind[1], by_kind[0])


def count(block: str, design: TileEngine) -> Number:
    """Return how many units of a block the whole machine has."""
    if block in LANE_BLOCKS:
        return design.pes * design.lanes_per_pe
    if block == "softmax":
        return design.pes * design.softmax_units_per_pe
    return jnp.asarray(design.pes) * 1.0


def longest_path(technology: Technology, design: TileEngine) -> Number:
    """Return the critical path of the lane in s, clock uncertainty included.

    As synthesised for words of 20 bits, times the depth of another width. Source:
    tuli2023acceltran, timing of the synthesised lanes.
    """
    path: Number = log_interpolate(
        design.multipliers_per_lane,
        (1.0, 16.0),
        [technology["critical_path.lane_m1"], technology["critical_path.lane_m16"]],
    )
    deep = logic_depth(design.word_bits, SYNTHESISED_BITS)
    return path * deep + technology["clock.uncertainty"]
