"""Buffers and ports of a tile engine: what an op moves, how long and at what energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from dse.arrays import Column, Number
from dse.engines.base import Op, Run
from dse.engines.operand_reuse import LEFT, RIGHT
from dse.engines.tile.units import BLOCKS, LANE_BLOCKS, unit
from dse.engines.tile.work import Work, whole
from dse.hardware import sram
from dse.hardware.main_memory import KINDS, choose
from dse.hardware.technology import Technology
from dse.schedule.stage import Stage
from dse.schedule.traffic import Room, Storage, Traffic
from dse.schedule.weights import early_share, fetched_share
from dse.workload.formats import Format
from dse.workload.ops import Ops

if TYPE_CHECKING:
    from dse.engines.tile.engine import TileEngine

BUFFERS = ("activation_buffer", "weight_buffer", "mask_buffer")
# As AccelTran names them: type_banks_ranks_channels.
PUBLISHED_MEMORIES = (
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
MAIN_MEMORIES = (*PUBLISHED_MEMORIES, *KINDS)
_KIND_OF = {"rram": "rram", "dram": "ddr4", "hbm": "hbm2"}  # of a published name
# Weights and activations share the mask buffer, each at most one half of it.
MASK_SHARE = 0.5


@dataclass(frozen=True)
class Fetch:
    """Values of each head that an op takes from main memory."""

    elements: Number = 0.0
    density: Number = 1.0
    streamed: Number = 1.0  # how often it is fetched, below 1 where buffers kept some


@dataclass(frozen=True)
class Result:
    """Values of each head that an op puts into the activation buffer."""

    elements: Number = 0.0
    density: Number = 1.0


def kind(design: TileEngine) -> Number:
    """Return the place in `KINDS` of its main memory; AccelTran's names have a kind."""
    published = [KINDS.index(_KIND_OF[n.split("_")[0]]) for n in PUBLISHED_MEMORIES]
    places = [1.0 * place for place in (*published, *range(len(KINDS)))]
    return choose(places, design.main_memory)


def bits(design: TileEngine, buffer: str) -> Number:
    """Return the capacity of a buffer in bits."""
    return design.mib(buffer) * sram.MIB * 8.0


def storage(design: TileEngine, ops: Ops, run: Run) -> Storage:
    """Return how values of a block are kept: words that are not zero, a mask bit each.

    A buffer and its masks hold as many values as fit both. Keys and values of a cache
    are dense and have no masks. The simulator's buffers are without bounds, and a word
    has no mask on the bus.
    """
    rules, (weight, word, cached) = design.conventions, design.words(run).kept
    mask = 0.0 if rules.word_per_byte else 1.0

    def stored(density: Column, bits: Number) -> Column:
        return bits * density + mask

    copies = run.batch if rules.weights_per_sequence else 1.0
    rooms: tuple[Room, ...] = ()
    weights: Number = jnp.asarray(jnp.inf)
    fetched = jnp.ones(())
    if not rules.unbounded_buffers:
        masks = np.ones(len(ops))
        rooms = (
            Room(
                bits(design, "activation_buffer"),
                word * ops.input_density,
                word * ops.output_density,
            ),
            Room(
                MASK_SHARE * bits(design, "mask_buffer"),
                masks,
                masks,
                "activations' half of the mask buffer",
            ),
        )
        weights = _room(design, "weight_buffer", weight * _mean_weight_density(run))
        total = jnp.sum(run.weight_sets * run.weights * stored(run.density, weight))
        fetched = fetched_share(total, weights, weights_stay=run.weights_stay)
    return Storage(
        rooms=rooms,
        weight_room=weights,
        weights=_like(ops.weight_density, ops.weights)
        * stored(ops.weight_density, weight)
        * copies,
        gathered=_like(ops.weight_density, ops.rows * ops.columns)
        * stored(ops.weight_density, weight),
        operand=stored(ops.input_density, word),
        result=stored(ops.output_density, word),
        cached=cached,
        fetched=fetched,
        weights_stay=run.weights_stay,
        grain=design.tile_batch,
    )


def _like(density: Column, column: Column) -> Column:
    """Return a column `[ops]` for each layer, where densities are `[layers, ops]`."""
    shape = jnp.shape(density)
    return column if jnp.shape(column) == shape else jnp.broadcast_to(column, shape)


def _room(design: TileEngine, buffer: str, bits_of_value: Number) -> Number:
    """Return the bits of words and masks that a buffer holds, and the mask buffer."""
    words = jnp.maximum(bits_of_value, 1e-6)
    values = jnp.minimum(
        bits(design, buffer) / words, MASK_SHARE * bits(design, "mask_buffer")
    )
    return values * (words + 1.0)


def _mean_weight_density(run: Run) -> Number:
    values = run.weight_sets * run.weights
    return jnp.sum(values * run.density) / jnp.maximum(jnp.sum(values), 1.0)


def fetch_weights(design: TileEngine, op: Op, run: Run, weights: Number) -> Fetch:
    """Return the weights that come for an op, as often as its traffic says.

    `weights` of each head; the simulator loads a copy for every sequence.
    """
    rules = design.conventions
    if rules.unbounded_buffers:
        copies = run.batch if rules.weights_per_sequence else 1.0
        return Fetch(weights * copies, op.weight_density)
    mask = 0.0 if rules.word_per_byte else 1.0
    word = design.words(run).kept.weight_bits
    whole_set = op.heads * weights * (word * op.weight_density + mask)
    times = op.traffic.weights / jnp.maximum(whole_set, 1.0)
    return Fetch(weights, op.weight_density, times)


def prefetch(design: TileEngine, op: Op, run: Run) -> Number:
    """Return the share of an op's load that fits beside that of the last op."""
    if design.conventions.unbounded_buffers:
        return 1.0
    word = design.words(run).kept.weight_bits
    return early_share(
        op.weights * op.weight_density * word,
        op.weights_before * op.density_before * word,
        bits(design, "weight_buffer"),
    )


def lead(design: TileEngine, op: Op) -> Number:
    """Return the share of a load, and of the work on it, that one tile is."""
    if design.conventions.whole_loads:
        return 1.0
    values = jnp.maximum(op.inner, 1.0) * op.columns
    return jnp.minimum(design.tile_size**2 / values, 1.0)


def operand_reads(
    design: TileEngine,
    op: Op,
    run: Run,
    technology: Technology,
    missed: dict[str, Number],
    work: Work,
    weights: Number | None,
    right_rows: Number,
) -> dict[str, Number]:
    """Return the energy in J of reading operand tiles from the buffers, by buffer.

    Every tile op reads its two tiles, unless its lane still holds one of them.
    """
    if design.conventions.free_helpers:
        return {}
    size = design.tile_size
    depth = design.tile_batch if weights is None else 1.0
    left = work.issued * design.tile_batch * size**2 * missed[LEFT]
    right = work.issued * depth * size * right_rows * missed[RIGHT]
    kept = design.words(run).kept
    of_right = kept.activation_bits if weights is None else kept.weight_bits
    left_bits = left * op.input_density * kept.activation_bits
    right_bits = right * op.weight_density * of_right
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
    run: Run,
    technology: Technology,
    *,
    heads: Number = 1.0,
    work: Work | None = None,
    fetch: Fetch | None = None,
    result: Result | None = None,
    moved: Traffic | None = None,
    operands: Number = 0.0,
    prefetch: Number = 1.0,
    lead: Number = 1.0,
    reads: dict[str, Number] | None = None,
) -> Stage:
    """Put an op together: what it fetches, works and stores, in time and energy.

    A load keeps the main-memory port for its compressed bits, masks included, and for
    `operands`, bits that are no weights; a store keeps the store port for its
    compressed bits, and what leaves the chip the main-memory port while the op works.
    Times in cycles, energies in J.
    """
    moved = moved or Traffic()
    rules = design.conventions
    work, fetch, result = work or Work(), fetch or Fetch(), result or Result()
    words = design.words(run).kept
    clock = design.clock(technology)
    bus = _bits_per_cycle(design, clock, design.memory_bandwidth_gb_per_s * 1e9)
    port = _bits_per_cycle(design, clock, technology["buffer.bandwidth"])
    mask = 0.0 if rules.word_per_byte else 1.0  # bits of mask on the bus, a value
    sent = fetch.streamed * fetch.elements * (words.weight_bits * fetch.density + mask)
    load = heads * whole(design, sent / bus)
    stored = result.elements * words.activation_bits * result.density
    store = heads * whole(design, stored / port)
    masks = heads * (
        whole(design, fetch.elements / bus) + whole(design, result.elements / port)
    )
    busy = _busy(design, work)
    memory = design.memory(technology)
    dynamic = _transfer_energy(
        design, technology, words, heads, fetch, result, operands, moved.written
    )
    for part in BLOCKS:
        if part in busy:
            power = unit(technology, part, "dynamic_power", design)
            dynamic[part] = busy[part] * power / technology["clock.frequency"]
    for buffer, energy in (reads or {}).items():
        dynamic[buffer] = dynamic[buffer] + energy
    return Stage(
        unit=work.block,
        load=load + operands / bus,
        lead=lead,
        drained=moved.written / bus,
        compute=work.elapsed,
        occupied=work.occupied,
        store=store,
        prefetch=prefetch,
        dynamic=dynamic,
        busy=busy
        | {"activation_buffer": store, "weight_buffer": load, "mask_buffer": masks},
        moved=moved.by_origin,
        wear=None if memory is None else {"main_memory": moved.written * memory.wear},
    )


def _busy(design: TileEngine, work: Work) -> dict[str, Number]:
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
    words: Format,
    heads: Number,
    fetch: Fetch,
    result: Result,
    operands: Number,
    written: Number,
) -> dict[str, Number]:
    """Return the energy in J of moving values between main memory and buffers.

    `operands` and `written` are bits that come, and go, and are neither weights nor
    embeddings.
    """
    rules = design.conventions
    fetched = heads * fetch.elements * fetch.streamed
    stored = heads * result.elements
    # Bits that one value counts for; the simulator takes a word for a byte.
    weight, word, mask = words.weight_bits, words.activation_bits, 1.0
    if rules.word_per_byte:
        weight = word = mask = 8.0
    on_bus = 0.0 if rules.word_per_byte else mask
    read = fetched * (fetch.density * weight + on_bus) + operands
    system = design.memory(technology)
    if system is None:
        blocks = (read + written) / 8.0 / technology["main_memory.block"]
        memory = {"main_memory": blocks * _main_memory_access(design, technology)}
    else:
        memory = system.energy(read, written)
    spared = 1.0 if rules.dense_stores else result.density
    into_weights = (
        0.0 if rules.masks_cost_as_weights else fetched * weight * fetch.density
    )
    into_masks = stored * mask + (0.0 if rules.masks_cost_as_weights else fetched)
    energy = memory | {
        "activation_buffer": _access(
            design, technology, "activation_buffer", stored * word * spared
        ),
        "weight_buffer": _access(design, technology, "weight_buffer", into_weights),
        "mask_buffer": _access(design, technology, "mask_buffer", into_masks),
    }
    if rules.masks_cost_as_weights:
        energy["mask_buffer"] = energy["mask_buffer"] + memory["main_memory"]
    return energy


def _main_memory_access(design: TileEngine, technology: Technology) -> Number:
    """Return the energy in J of one access of a whole block, as AccelTran has it.

    NaN for a kind that it has not: not known.
    """
    told = [
        technology[f"main_memory.access_energy_{name}"] for name in PUBLISHED_MEMORIES
    ]
    unknown = [jnp.nan] * len(KINDS)
    return choose([*told, *unknown], design.main_memory)


def _access(
    design: TileEngine, technology: Technology, buffer: str, moved: Number
) -> Number:
    """Return the energy in J of moving some bits into or out of a buffer."""
    blocks = moved / (technology[f"{buffer}.block"] * 8.0)
    return blocks * sram.access_energy(technology, buffer, design.mib(buffer))


def _bits_per_cycle(design: TileEngine, clock: Number, bytes_per_s: Number) -> Number:
    if design.conventions.word_per_byte:
        return bytes_per_s / 1e9 * 2.0**30 * design.word_bits / clock
    return bytes_per_s * 8.0 / clock
