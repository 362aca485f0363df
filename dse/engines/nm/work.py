"""What each kind of op asks of an N:M engine: cycles of its units, and energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.nm import memory as nm_memory
from dse.engines.nm.costs import BUFFERS, Costs, costs
from dse.engines.nm.timing import product_cycles, softmax_exposed
from dse.engines.vector_unit import VectorWork, vector_work
from dse.hardware.technology import Technology
from dse.schedule.stage import Stage
from dse.schedule.traffic import Traffic

if TYPE_CHECKING:
    from dse.engines.nm.engine import NMEngine


def embedding(design: NMEngine, op: Op, run: Run, technology: Technology) -> Stage:
    """Return the gather of a batch's rows; the table is stored as it is."""
    bits, kept = op.traffic.input, design.words(run).kept
    stored = bits * (kept.activation_bits / kept.weight_bits)
    price = costs(design, technology)
    moved = op.traffic.replace(input=0.0)
    stage = _stage(
        design, run, technology, price, "", moved, loaded=bits, stored=stored
    )
    return stage.replace(moved=op.traffic.by_origin)


def weighted(
    design: NMEngine,
    op: Op,
    run: Run,
    technology: Technology,
    pair: tuple[Number, Number],
) -> Stage:
    """Return a product with weights at (N, M) = `pair`; tokens of a batch share them.

    A multiplier whose activation or kept weight is zero is gated, but its cycle is
    spent: of N kept weights a share density M/N is not zero, at most all of them.
    Experts share the tokens that chose them evenly.
    """
    kept, group = pair
    values = run.batch * op.rows * op.heads
    tokens = run.batch * op.rows / op.met  # of each matrix
    weights = nm_memory.stored_weights(
        design, run, op.matrices, op.inner, op.columns, kept=kept, group=group
    )
    cycles = op.matrices * product_cycles(
        design,
        rows=tokens,
        summed=op.inner,
        columns=op.columns,
        kept=kept,
        group=group,
    )
    left, right = nm_memory.operand_bits(
        design, run, rows=tokens, summed=op.inner, columns=op.columns, right=1.0
    )
    fetched = op.traffic.weights
    macs = values * op.inner * op.columns * kept / group
    nonzero = jnp.minimum(op.weight_density * group / kept, 1.0)
    reads = {
        "activation_buffer": op.matrices * left,
        "weight_buffer": weights.values * right,
        "index_buffer": weights.positions * right,
    }
    handed = (op.matrices * left + weights.bits * right) / design.operand_bits_per_cycle
    return _stage(
        design,
        run,
        technology,
        costs(design, technology),
        "array",
        op.traffic,
        lead=nm_memory.lead(design, op, kept, group),
        cycles=jnp.maximum(cycles / design.utilization, handed)
        + nm_memory.undrained(design, values * op.columns),
        loaded=fetched,
        kept_values=fetched * weights.values / weights.bits,
        stored=values * op.columns * design.words(run).kept.activation_bits,
        prefetch=nm_memory.prefetch_share(design, op, run, weights),
        macs=macs,
        gated=macs * op.input_density * nonzero,
        reads=reads,
    )


def attention(design: NMEngine, op: Op, run: Run, technology: Technology) -> Stage:
    """Return scores, softmax and context, at the dense rate and whatever is pruned.

        scores + softmax_exposed + context   (cycles)

    Pruned probabilities gate multipliers of the context and save no cycle. Where
    scores do not stay on chip head by head, those of all heads of a sequence that do
    not fit cross the port four times: out and in, before and after the softmax.
    """
    instances = run.batch * op.heads
    width = op.inner * op.value_ratio  # of a value
    sides = ((op.inner, op.columns), (op.columns, width))
    bits = design.words(run).kept.activation_bits
    products: list[Number] = []
    reads: Number = 0.0
    for summed, columns in sides:
        left, right = nm_memory.operand_bits(
            design,
            run,
            rows=op.rows,
            summed=summed,
            columns=columns,
            right=summed * columns * bits,
        )
        cycles = product_cycles(
            design, rows=op.rows, summed=summed, columns=columns, kept=1.0, group=1.0
        ) / (design.dense_utilization * design.utilization)
        handed = (left + right) / design.operand_bits_per_cycle
        products.append(instances * jnp.maximum(cycles, handed))
        reads = reads + instances * (left + right)
    pairs = instances * op.rows * op.columns
    softmax = vector_work(
        op.replace(input_density=1.0), run, lanes=design.softmax_lanes, kind="softmax"
    )
    exposed = softmax_exposed(products[0], softmax.cycles, instances * op.rows)
    stay = jnp.asarray(design.scores_on_chip) > 0.5
    beyond = jnp.maximum(pairs - run.batch * nm_memory.room(design) / bits, 0.0)
    outward = 4.0 * jnp.where(stay, 0.0, beyond)
    scored, weighed = pairs * op.inner, pairs * width
    results = instances * op.rows * width
    price = costs(design, technology)
    stage = _stage(
        design,
        run,
        technology,
        price,
        "array",
        op.traffic,
        lead=nm_memory.lead(design, op, 1.0, 1.0),
        cycles=products[0] + exposed + products[1],
        between=outward * bits,
        stored=results * bits,
        macs=scored + weighed,
        gated=scored * op.input_density * op.weight_density
        + weighed * op.output_density * op.value_density,
        reads={"activation_buffer": reads + 2.0 * pairs * bits},
    )
    return _with_lanes(stage, "softmax_unit", softmax, price)


def elementwise(
    design: NMEngine, op: Op, run: Run, technology: Technology, kind: str
) -> Stage:
    """Return a layer norm or an activation over [rows, columns] of every head."""
    work = vector_work(op, run, lanes=design.vector_lanes, kind=kind)
    word = design.words(run).kept.activation_bits
    bits = run.batch * op.heads * op.rows * op.columns * word
    price = costs(design, technology)
    stage = _stage(
        design,
        run,
        technology,
        price,
        "vector_unit",
        op.traffic,
        cycles=work.cycles,
        stored=bits,
        reads={"activation_buffer": bits},
    )
    return _with_lanes(stage, "vector_unit", work, price)


def _with_lanes(stage: Stage, unit: str, work: VectorWork, price: Costs) -> Stage:
    """Return a stage with what lanes of the softmax or vector unit spend beside it."""
    return stage.replace(
        dynamic={**stage.dynamic, unit: work.busy * price.per_pass},
        busy={**stage.busy, unit: work.busy},
    )


def _stage(
    design: NMEngine,
    run: Run,
    technology: Technology,
    price: Costs,
    unit: str,
    moved: Traffic,
    *,
    cycles: Number = 0.0,
    loaded: Number = 0.0,
    kept_values: Number = 0.0,
    between: Number = 0.0,
    stored: Number = 0.0,
    prefetch: Number = 1.0,
    lead: Number = 1.0,
    macs: Number = 0.0,
    gated: Number = 0.0,
    reads: dict[str, Number] | None = None,
) -> Stage:
    """Put an op together; all sizes in bits, `macs` issued and `gated` at work.

    Of what is `loaded`, `kept_values` go to the weight buffer and the rest, positions
    or embeddings, where they belong; other operands of `moved` come beside it. What
    goes out and in again `between` parts of the op is waited for. Results pass the
    output buffer on their way.
    """
    memory = design.memory(technology)
    word = design.words(run).kept.activation_bits
    out = 0.5 * between
    written = moved.written + out
    waited = nm_memory.port_cycles(design, technology, between)
    working = jnp.maximum(cycles, waited)
    fill = design.pipeline_stages if unit == "array" else 0.0
    others = moved.operands + moved.written + between
    through = {
        "weight_buffer": kept_values,
        "index_buffer": loaded - kept_values if unit else 0.0,
        "activation_buffer": stored + others,
        "output_buffer": 2.0 * stored if unit == "array" else 0.0,
    }
    passed = {b: through[b] + (reads or {}).get(b, 0.0) for b in BUFFERS}
    read = loaded + moved.operands + out
    crossing = nm_memory.main_memory(design, technology, read, written)
    origins = moved.by_origin
    return Stage(
        unit=unit,
        load=nm_memory.port_cycles(design, technology, loaded + moved.operands),
        lead=lead,
        streamed=waited,
        drained=nm_memory.port_cycles(design, technology, moved.written),
        compute=working + fill,
        occupied=working,
        store=stored / word / design.results_per_cycle,
        prefetch=prefetch,
        dynamic=_energy(price, passed, macs, gated) | crossing,
        busy={"array": macs},
        moved=origins | {"spilled": origins["spilled"] + between},
        wear=None if memory is None else {"main_memory": written * memory.wear},
    )


def _energy(
    price: Costs, moved: dict[str, Number], macs: Number, gated: Number
) -> dict[str, Number]:
    """Return the energy in J of working, by component.

    Every product that is issued passes its multiplexer; one that is gated stops there.
    """
    return {buffer: price.per_bit[buffer] * bits for buffer, bits in moved.items()} | {
        "array": gated * price.multiply,
        "operand_muxes": macs * price.select,
    }
