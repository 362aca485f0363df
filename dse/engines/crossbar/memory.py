"""What reaches the arrays: weights from main memory, values from the tiles' buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Column, Number
from dse.engines.base import Op, Run
from dse.engines.crossbar.array import Placement, weight_slices
from dse.hardware.technology import Technology
from dse.schedule.traffic import Room, Storage
from dse.schedule.weights import early_share, fetched_share
from dse.smooth import ceil_div
from dse.workload.ops import Ops

if TYPE_CHECKING:
    from dse.engines.crossbar.engine import CrossbarEngine


def cells_of_weights(design: CrossbarEngine, run: Run) -> Column:
    """Return the cells that all weights of a model need, copies included, [ops]."""
    return run.weights * weight_slices(design) * design.replication


def capacity(design: CrossbarEngine) -> Number:
    """Return the cells of the arrays that hold weights."""
    arrays = design.weight_tiles * design.arrays_per_tile
    return arrays * design.array_rows * design.array_columns


def rewritten_share(design: CrossbarEngine, run: Run) -> Number:
    """Return the share of the weights that must be written anew for every run.

    None where all fit; else those for which there are no cells. Empty edges of arrays
    are neglected here.
    """
    total = jnp.sum(run.weight_sets * cells_of_weights(design, run))
    return fetched_share(total, capacity(design), weights_stay=True)


def storage(design: CrossbarEngine, ops: Ops, run: Run) -> Storage:
    """Return how values of a block are kept: weights in cells, the rest in buffers."""
    kept = design.words(run).kept
    of_weight = weight_slices(design) * design.replication / kept.weight_bits
    value = kept.activation_bits * jnp.ones(len(ops))
    table = kept.weight_bits if run.words else kept.activation_bits
    return Storage(
        rooms=(Room(buffer_bits(design), value, value, "buffers of all tiles"),),
        weight_room=capacity(design) / of_weight,
        weights=jnp.asarray(ops.weights) * kept.weight_bits,
        gathered=jnp.asarray(ops.rows) * ops.columns * table,
        operand=value,
        result=value,
        cached=kept.cache_bits,
        fetched=rewritten_share(design, run),
        weights_stay=True,
    )


def share_of_arrays(design: CrossbarEngine, run: Run, placed: Placement) -> Number:
    """Return the cells of an op over all that work at the same time.

    Those are the cells of the whole model, or of as much of it as there is room for;
    more than 1 where an op alone needs several rounds.
    """
    everything = jnp.sum(run.weight_sets * cells_of_weights(design, run))
    room = jnp.minimum(everything, capacity(design))
    return placed.cells * design.replication / jnp.maximum(room, 1.0)


def prefetched_share(design: CrossbarEngine, op: Op) -> Number:
    """Return the share of an op's cells that can be written while the last op runs."""
    each = weight_slices(design) * design.replication
    before = op.weights_before * each
    return early_share(op.weights * each, before, capacity(design))


def buffer_bits(design: CrossbarEngine) -> Number:
    """Return the bits that the buffers of all tiles hold."""
    return design.tiles * design.buffer_kib_per_tile * 1024.0 * 8.0


def main_memory_energy(
    design: CrossbarEngine, technology: Technology, read: Number, written: Number
) -> dict[str, Number]:
    """Return the energy in J of bits from main memory and to it, by component.

    As published, they cross a link beside the memory.
    """
    memory = design.memory(technology)
    if memory is not None:
        return memory.energy(read, written)
    bits, block = read + written, 8.0 * technology["main_memory.block"]
    return {
        "main_memory": bits / block * technology["main_memory.access_energy"],
        "link": bits * technology["link.energy"],
    }


def wear(
    design: CrossbarEngine, technology: Technology, written: Number
) -> dict[str, Number] | None:
    """Return what bits written take of the life of main memory."""
    memory = design.memory(technology)
    return None if memory is None else {"main_memory": written * memory.wear}


def product_traffic_energy(
    design: CrossbarEngine,
    technology: Technology,
    op: Op,
    placed: Placement,
    run: Run,
) -> dict[str, Number]:
    """Return the energy in J of inputs to the cores, and of results to the next tile.

    An input is read and sent over the bus for each core that holds columns of its row;
    each core that holds a part of the sum writes its own; one sum leaves by the router.
    """
    word = design.words(run).kept.activation_bits
    rows = run.batch * op.heads * op.rows
    wide = ceil_div(placed.across, design.arrays_per_core)
    fetched = rows * op.inner * wide
    returned = rows * op.columns * placed.down
    on_bus = (fetched + returned) * word
    sent = rows * op.columns * word
    return {
        "buffer": _access(technology, on_bus),
        "bus": on_bus * technology["bus.energy"],
        "router": sent * technology["router.energy"],
    }


def elementwise_traffic_energy(
    design: CrossbarEngine, technology: Technology, op: Op, run: Run
) -> dict[str, Number]:
    """Return the energy in J of reading and writing every value once."""
    values = run.batch * op.heads * op.rows * op.columns
    moved = 2.0 * values * design.words(run).kept.activation_bits
    return {
        "buffer": _access(technology, moved),
        "bus": moved * technology["bus.energy"],
    }


def _access(technology: Technology, bits: Number) -> Number:
    block = 8.0 * technology["buffer.block"]
    return bits / block * technology["buffer.access_energy"]


def area(design: CrossbarEngine, technology: Technology) -> dict[str, Number]:
    """Return the area in m^2 of buffers, of buses and routers, and of the link.

    Buffers are embedded DRAM, with figures of their own.
    """
    parts = {
        "buffer": technology["buffer.area"] * _buffer_bytes(design),
        "tile": design.tiles * technology["tile.area"],
    }
    if design.memory(technology) is None:
        parts["link"] = jnp.asarray(technology["link.area"])
    return parts


def leakage_power(design: CrossbarEngine, technology: Technology) -> dict[str, Number]:
    """Return what buffers, buses, routers and cores leak, in W."""
    cores = design.arrays / design.arrays_per_core
    return {
        "buffer": technology["buffer.leakage_power"] * _buffer_bytes(design),
        "tile": design.tiles * technology["tile.leakage_power"],
        "core": cores * technology["core.leakage_power"],
    }


def _buffer_bytes(design: CrossbarEngine) -> Number:
    return design.tiles * design.buffer_kib_per_tile * 1024.0
