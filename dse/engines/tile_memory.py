"""Buffers and ports of a tile engine: what an op moves, how long and at what energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from dse.engines.base import Op, Run
from dse.engines.operand_reuse import LEFT, RIGHT, reuse_share
from dse.engines.tile_units import BLOCKS, LANE_BLOCKS, count, unit
from dse.engines.tile_work import Work, whole
from dse.hardware.technology import Technology
from dse.memory import sram, traffic
from dse.schedule.stage import Stage

if TYPE_CHECKING:
    from dse.engines.tile import TileEngine

BUFFERS = ("activation_buffer", "weight_buffer", "mask_buffer")
MAIN_MEMORIES = (
    "rram_16_2_2",
    "rram_8_2_4",
    "rram_4_2_8",
    "rram_2_2_16",
    "rram_32_2_1",
    "rram_1_2_32",
    "dram_16_2_2",
    "dram_8_2_4",
    "dram_32_2_1",
    "dram_16_4_1",
    "hbm_32_1_4",
)
# Weights and activations share the mask buffer, each at most one half of it.
MASK_SHARE = 0.5


@dataclass(frozen=True)
class Fetch:
    """Values of each head that an op takes from main memory."""

    elements: Any = 0.0
    density: Any = 1.0
    streamed: Any = 1.0  # share that the buffers did not keep from the batch before


@dataclass(frozen=True)
class Result:
    """Values of each head that an op puts into the activation buffer."""

    elements: Any = 0.0
    density: Any = 1.0


def bits(design: TileEngine, buffer: str) -> Any:
    """Return the capacity of a buffer in bits."""
    return design.mib(buffer) * sram.MIB * 8.0


def streamed(design: TileEngine, run: Run) -> Any:
    """Return the share of the weights, and of their masks, fetched anew for a batch."""
    if design.conventions.unbounded_buffers:
        return 1.0
    values = run.weights * run.density * design.word_bits
    by_values = traffic.streamed_share(
        jnp.sum(run.repeats * values), jnp.max(values), bits(design, "weight_buffer")
    )
    by_masks = traffic.streamed_share(
        jnp.sum(run.repeats * run.weights),
        jnp.max(run.weights),
        MASK_SHARE * bits(design, "mask_buffer"),
    )
    return jnp.maximum(by_values, by_masks)


def prefetch(design: TileEngine, op: Op, weights: Any) -> Any:
    """Return the share of an op's weights that fits beside those of the last op."""
    if design.conventions.unbounded_buffers or weights is None:
        return 1.0
    return traffic.prefetch_share(
        op.heads * weights * op.weight_density * design.word_bits,
        op.weights_before * op.density_before * design.word_bits,
        bits(design, "weight_buffer"),
    )


def spilled_bits(design: TileEngine, op: Op, run: Run, weights: Any) -> Any:
    """Return the bits that go to main memory and back because a buffer is full.

    Operands and result of an op are live together; what does not fit is written once,
    and read once for every buffer-full of weights. `weights` is None where the right
    operand is an activation too, or absent.
    """
    if design.conventions.unbounded_buffers:
        return 0.0
    per_row = run.batch * op.heads * op.rows
    left = per_row * jnp.where(op.inner > 0, op.inner, op.columns)
    result = per_row * op.columns
    right = run.batch * op.heads * op.inner * op.columns if weights is None else 0.0
    live = design.word_bits * (
        left * op.input_density + right * op.weight_density + result * op.output_density
    )
    over = traffic.spilled(live, bits(design, "activation_buffer"))
    over_masks = traffic.spilled(
        left + right + result, MASK_SHARE * bits(design, "mask_buffer")
    )
    again: Any = 1.0
    if weights is not None:
        again = traffic.passes(
            op.heads * weights * op.weight_density * design.word_bits,
            bits(design, "weight_buffer"),
        )
    return (over + over_masks) * (1.0 + again)


def operand_reads(
    design: TileEngine,
    op: Op,
    technology: Technology,
    trips: dict[str, Any],
    work: Work,
    weights: Any,
) -> dict[str, Any]:
    """Return the energy in J of reading operand tiles from the buffers, by buffer.

    Every tile op reads its two tiles, unless its lane still holds one of them.
    """
    if design.conventions.free_helpers:
        return {}
    lanes = count("mac_lanes", design)
    square = design.tile_size**2
    missed = {
        side: 1.0 - reuse_share(design.loop_order, trips, lanes, side)
        for side in (LEFT, RIGHT)
    }
    depth = design.tile_batch if weights is None else 1.0
    left = work.issued * design.tile_batch * square * missed[LEFT]
    right = work.issued * depth * square * missed[RIGHT]
    left_bits = left * op.input_density * design.word_bits
    right_bits = right * op.weight_density * design.word_bits
    from_buffer = {"mask_buffer": left + right, "activation_buffer": left_bits}
    if weights is None:
        from_buffer["activation_buffer"] = left_bits + right_bits
    else:
        from_buffer["weight_buffer"] = right_bits
    return {
        b: _access(design, technology, b, moved) for b, moved in from_buffer.items()
    }


def stage(
    design: TileEngine,
    technology: Technology,
    *,
    heads: Any = 1.0,
    work: Work | None = None,
    fetch: Fetch | None = None,
    result: Result | None = None,
    spill: Any = 0.0,
    prefetch: Any = 1.0,
    reads: dict[str, Any] | None = None,
) -> Stage:
    """Put an op together: what it fetches, works and stores, in time and energy.

    A load keeps the main-memory port for its compressed bits, masks included; a store
    keeps the store port for its compressed bits. Times in cycles, energies in J.
    """
    rules = design.conventions
    work, fetch, result = work or Work(), fetch or Fetch(), result or Result()
    word = design.word_bits
    bus = _bits_per_cycle(design, technology, design.memory_bandwidth_gb_per_s * 1e9)
    port = _bits_per_cycle(design, technology, technology["buffer.bandwidth"])
    mask = 0.0 if rules.word_per_byte else 1.0  # bits of mask on the bus, a value
    sent = fetch.streamed * fetch.elements * (word * fetch.density + mask)
    load = heads * whole(design, sent / bus)
    store = heads * whole(design, result.elements * word * result.density / port)
    masks = heads * (
        whole(design, fetch.elements / bus) + whole(design, result.elements / port)
    )
    busy = _busy(design, work)
    dynamic = _transfer_energy(design, technology, heads, fetch, result, spill)
    for part in BLOCKS:
        if part in busy:
            power = unit(technology, part, "dynamic_power", design)
            dynamic[part] = busy[part] * power / technology["clock.frequency"]
    for buffer, energy in (reads or {}).items():
        dynamic[buffer] = dynamic[buffer] + energy
    return Stage(
        unit=work.block,
        load=load + spill / bus,
        compute=work.elapsed,
        occupied=work.occupied,
        store=store,
        prefetch=prefetch,
        dynamic=dynamic,
        busy=busy
        | {"activation_buffer": store, "weight_buffer": load, "mask_buffer": masks},
    )


def _busy(design: TileEngine, work: Work) -> dict[str, Any]:
    """Return cycles x units of the blocks that work, and of those that serve them."""
    if not work.block:
        return {}
    busy = {work.block: work.busy}
    if work.block == "mac_lanes" and not design.conventions.free_helpers:
        busy |= dict.fromkeys(LANE_BLOCKS[1:], work.busy)
        busy |= dict.fromkeys(("dataflow", "dma"), work.busy / design.lanes_per_pe)
    return busy


def _transfer_energy(
    design: TileEngine,
    technology: Technology,
    heads: Any,
    fetch: Fetch,
    result: Result,
    spill: Any,
) -> dict[str, Any]:
    """Return the energy in J of moving values between main memory and buffers."""
    rules = design.conventions
    fetched = heads * fetch.elements * fetch.streamed
    stored = heads * result.elements
    # Bits that one value counts for; the simulator takes a word for a byte.
    word, mask = (8.0, 8.0) if rules.word_per_byte else (design.word_bits, 1.0)
    on_bus = 0.0 if rules.word_per_byte else mask
    bytes_moved = (fetched * (fetch.density * word + on_bus) + spill) / 8.0
    memory = (
        bytes_moved
        / technology["main_memory.block"]
        * _main_memory_access(design, technology)
    )
    spared = 1.0 if rules.dense_stores else result.density
    into_weights = (
        0.0 if rules.masks_cost_as_weights else fetched * word * fetch.density
    )
    into_masks = stored * mask + (0.0 if rules.masks_cost_as_weights else fetched)
    energy = {
        "main_memory": memory,
        "activation_buffer": _access(
            design, technology, "activation_buffer", stored * word * spared
        ),
        "weight_buffer": _access(design, technology, "weight_buffer", into_weights),
        "mask_buffer": _access(design, technology, "mask_buffer", into_masks),
    }
    if rules.masks_cost_as_weights:
        energy["mask_buffer"] = energy["mask_buffer"] + memory
    return energy


def _main_memory_access(design: TileEngine, technology: Technology) -> Any:
    """Return the energy in J of one access of a whole block of the main memory."""
    table = jnp.stack(
        [
            jnp.asarray(technology[f"main_memory.access_energy_{name}"])
            for name in MAIN_MEMORIES
        ]
    )
    return table[jnp.asarray(design.main_memory).astype(int)]


def _access(design: TileEngine, technology: Technology, buffer: str, moved: Any) -> Any:
    """Return the energy in J of moving some bits into or out of a buffer."""
    blocks = moved / (technology[f"{buffer}.block"] * 8.0)
    return blocks * sram.access_energy(technology, buffer, design.mib(buffer))


def _bits_per_cycle(
    design: TileEngine, technology: Technology, bytes_per_s: Any
) -> Any:
    if design.conventions.word_per_byte:
        words_per_s = bytes_per_s / 1e9 * 2.0**30
        return words_per_s * design.word_bits / design.clock(technology)
    return bytes_per_s * 8.0 / design.clock(technology)
