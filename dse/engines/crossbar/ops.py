"""The ops of a transformer on crossbars, each as a stage: time, energy, busy parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.crossbar import memory
from dse.engines.crossbar.array import (
    Placement,
    place,
    vectors_energy,
    vectors_seconds,
    write_seconds,
)
from dse.engines.vector_unit import vector_work
from dse.hardware.technology import Technology
from dse.schedule.stage import Stage
from dse.smooth import ceil_div

if TYPE_CHECKING:
    from dse.engines.crossbar.engine import CrossbarEngine


OFF_CHIP = ("main_memory", "memory_interface", "link")


def stored_product(
    design: CrossbarEngine, op: Op, run: Run, technology: Technology
) -> Stage:
    """Return a product by weights that lie in arrays of their own.

    With t the time of a sequence and s the op's share of all arrays in use,

        compute = t max(1, s) + (batch - 1) t s     sequences follow each other
                = t batch max(1, s)                 one layer after another

    Sequences that follow each other are as far apart as the arrays are busy: summed
    over all ops, the first formula is latency + (batch - 1) interval, in as many rounds
    as the model needs. What does not fit is fetched and written again every batch.
    Shorter words leave cells free in the tiles that longer ones fill.
    """
    spread = place(design, op)
    design = design.sliced(run, by_weights=True)
    placed = spread if run.words is None else place(design, op)
    copies = design.replication
    each = ceil_div(op.rows, copies)
    sequence = vectors_seconds(design, technology, placed.row_groups, each)
    share = memory.share_of_arrays(design, run, placed)
    rounds = jnp.maximum(share, 1.0)
    in_flight = sequence * (rounds + (run.batch - 1.0) * share)
    together = jnp.asarray(design.pipelining) > 0.5
    compute = jnp.where(together, in_flight, sequence * run.batch * rounds)

    held = op.heads * op.choices * op.inner * op.columns
    kept = design.words(run).kept
    matrix = jnp.maximum(held * kept.weight_bits, 1.0)
    again = op.traffic.weights / matrix
    writing = write_seconds(design, technology, placed, copies, design.weight_tiles)
    bits = op.traffic.weights
    cells = again * placed.cells * copies
    return _product(
        design,
        op,
        run,
        technology,
        placed,
        unit="weight_arrays",
        tiles=jnp.maximum(spread.arrays * copies / design.arrays_per_tile, 1.0),
        load=jnp.maximum(_transfer(design, bits), again * writing),
        prefetch=memory.prefetched_share(design, op),
        lead=1.0,  # cells are written before the first product
        compute=compute,
        occupied=sequence * run.batch * share,
        fetched=bits,
        writes={"weight_writes": cells * technology["cell.write_energy"]},
    )


def attention_product(
    design: CrossbarEngine, op: Op, run: Run, technology: Technology
) -> Stage:
    """Return scores or context: by operands written into arrays, or from a cache.

    A value of a cache serves one token: it is multiplied by where it comes in, on the
    vector units, a product a lane and cycle, and no cell is written for it.
    """
    written = written_product(design, op, run, technology)
    macs = run.batch * op.heads * op.rows * op.inner * op.columns
    together = jnp.asarray(design.pipelining) > 0.5
    cycles = macs / design.vector_lanes
    from_cache = op.from_cache > 0.5
    none = jnp.zeros_like(cycles)
    spent = dict.fromkeys(written.dynamic, none) | {
        part: joule for part, joule in written.dynamic.items() if part in OFF_CHIP
    }
    alone = written.replace(
        compute=jnp.where(together, cycles / run.batch, cycles),
        occupied=cycles,
        store=none,
        dynamic=spent | memory.elementwise_traffic_energy(design, technology, op, run),
    )
    energy = macs * design.vector_lane(technology).energy
    both = {
        "compute": jnp.where(from_cache, alone.compute, written.compute),
        "occupied": jnp.where(from_cache, alone.occupied, written.occupied),
        "store": jnp.where(from_cache, alone.store, written.store),
        "dynamic": {
            part: jnp.where(from_cache, alone.dynamic[part], joule)
            for part, joule in written.dynamic.items()
        }
        | {"vector_unit": jnp.where(from_cache, energy, 0.0)},
    }
    return written.replace(**both)


def written_product(
    design: CrossbarEngine, op: Op, run: Run, technology: Technology
) -> Stage:
    """Return a product by activations: written into arrays first, then multiplied.

        compute = t_write + t_vectors max(1, arrays needed / arrays there are)

    for all sequences of a batch, or for one where they follow each other. A whole
    operand is written before the first product: the arrays stall.
    """
    placed = place(design, op)
    there = design.attention_tiles * design.arrays_per_tile
    products = vectors_seconds(design, technology, placed.row_groups, op.rows)

    def take(sequences: Number) -> Number:
        rounds = jnp.maximum(sequences * placed.arrays / there, 1.0)
        tiles = design.attention_tiles
        writing = write_seconds(design, technology, placed, sequences, tiles)
        return writing + products * rounds

    one = take(1.0)
    together = jnp.asarray(design.pipelining) > 0.5
    share = jnp.minimum(placed.arrays / there, 1.0)
    cells = run.batch * placed.cells
    return _product(
        design,
        op,
        run,
        technology,
        placed,
        unit="attention_arrays",
        tiles=design.attention_tiles,
        load=0.0,
        prefetch=1.0,
        lead=0.0,
        compute=jnp.where(together, one, take(run.batch)),
        occupied=run.batch * one * share,
        fetched=0.0,
        writes={"key_value_writes": cells * technology["cell.write_energy"]},
    )


def _product(
    design: CrossbarEngine,
    op: Op,
    run: Run,
    technology: Technology,
    placed: Placement,
    *,
    unit: str,
    tiles: Number,
    load: Number,
    prefetch: Number,
    lead: Number,
    compute: Number,
    occupied: Number,
    fetched: Number,
    writes: dict[str, Number],
) -> Stage:
    """Put a product together; times in s, `fetched` in bits, `writes` in J.

    Results leave by the routers of some tiles while later ones are worked out; those of
    the last vector come after it.
    """
    vectors = run.batch * op.rows
    moved = op.traffic
    word = design.words(run).kept.activation_bits
    results = run.batch * op.heads * op.rows * op.columns * word
    sending = results / (tiles * technology["router.width"] * 8.0)  # cycles
    clock = design.clock(technology)
    return Stage(
        unit=unit,
        load=(load + _transfer(design, moved.operands)) * clock,
        lead=lead,
        drained=_transfer(design, moved.written) * clock,
        compute=jnp.maximum(compute * clock, sending),
        occupied=occupied * clock,
        store=sending / vectors,
        prefetch=prefetch,
        dynamic=vectors_energy(design, technology, op, placed, vectors)
        | memory.product_traffic_energy(design, technology, op, placed, run)
        | memory.main_memory_energy(
            design, technology, fetched + moved.operands, moved.written
        )
        | writes,
        busy={},
        moved=moved.by_origin,
        wear=memory.wear(design, technology, moved.written),
    )


def elementwise(
    design: CrossbarEngine, op: Op, run: Run, technology: Technology, kind: str
) -> Stage:
    """Return softmax, layer norm or non-linearity on the vector units of all tiles."""
    work = vector_work(op, run, lanes=design.vector_lanes, kind=kind)
    together = jnp.asarray(design.pipelining) > 0.5
    a_sequence = jnp.maximum(work.cycles / run.batch, 1.0)
    moved = op.traffic
    clock = design.clock(technology)
    return Stage(
        unit="vector_unit",
        load=_transfer(design, moved.operands) * clock,
        lead=0.0,
        drained=_transfer(design, moved.written) * clock,
        compute=jnp.where(together, a_sequence, work.cycles),
        occupied=work.cycles,
        store=0.0,
        prefetch=1.0,
        dynamic={"vector_unit": work.busy * design.vector_lane(technology).energy}
        | memory.elementwise_traffic_energy(design, technology, op, run)
        | memory.main_memory_energy(design, technology, moved.operands, moved.written),
        busy={},
        moved=moved.by_origin,
        wear=memory.wear(design, technology, moved.written),
    )


def gather(design: CrossbarEngine, op: Op, run: Run, technology: Technology) -> Stage:
    """Return the rows of the embedding table that a batch takes from main memory."""
    moved, clock = op.traffic, design.clock(technology)
    return Stage(
        unit="",
        load=_transfer(design, moved.read) * clock,
        drained=_transfer(design, moved.written) * clock,
        compute=0.0,
        occupied=0.0,
        store=0.0,
        prefetch=1.0,
        dynamic=memory.main_memory_energy(
            design, technology, moved.read, moved.written
        ),
        busy={},
        moved=moved.by_origin,
        wear=memory.wear(design, technology, moved.written),
    )


def _transfer(design: CrossbarEngine, bits: Number) -> Number:
    """Return the time of bits that come from main memory, in s."""
    return bits / (design.memory_bandwidth_gb_per_s * 8e9)
