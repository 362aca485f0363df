"""Ops in time: a max-plus walk over ports and units, and the roofline below it.

Every op loads its operands over the main-memory port, computes on its unit and stores
its result, in program order. A port serves one op at a time, a unit takes the next op
as soon as it has room; an op starts when its unit is free, the first tile of what it
loads has arrived and its input is visible, and ends no earlier than what is left to do
when the last tile is there. Buffers are double: while one op computes, what the next
one loads may arrive, as far as the buffer holds both.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from dse.arrays import Number, Values
from dse.records import Record, record
from dse.schedule.stage import Chain, resource_cycles

# Equal layers that are walked one by one before their period is taken as constant.
WALKED_LAYERS = 3


class _Op(NamedTuple):
    unit: str
    load: Number
    lead: Number
    streamed: Number
    drained: Number
    compute: Number
    occupied: Number
    store: Number
    prefetch: Number


@record
class Clock(Record):
    """When ports and units are free again, the newest result visible; in cycles."""

    load_port: Number
    store_port: Number
    units: dict[str, Number]
    visible: Number
    finished: Number  # the latest of all results
    weights_done: Number
    issued: Number  # the newest transfer, where transfers keep program order


def _start_of_run(chains: list[Chain]) -> Clock:
    zero = jnp.zeros(())
    units = {s.unit for chain in chains for s in chain.stages if s.unit}
    return Clock(
        load_port=zero,
        store_port=zero,
        units=dict.fromkeys(sorted(units), zero),
        visible=zero,
        finished=zero,
        weights_done=zero,
        issued=zero,
    )


class Span(NamedTuple):
    """When a port or a unit works for one op of a layer, in cycles of its own start."""

    op: int
    on: str  # `main_memory_port`, `store_port`, or the name of a unit
    what: str  # `load`, `compute` or `store`
    begin: Values
    end: Values


def _run_chain(
    clock: Clock, ops: list[_Op], depends: tuple[int, ...], seen: list[Span]
) -> Clock:
    """Run ops whose weights are fetched ahead, one after another.

        there(s) = max(load_port + s load, done_1 + max(s - prefetch, 0) load)
        start    = max(there(lead), unit, input visible)
        done     = max(start + compute, there(1) + lead compute)
        unit     = max(start + occupied, there(1) + lead occupied)
        visible  = max(done, store_port) + store

    there(s): when a share of what it loads has arrived. done_1: when the op with a load
    before this one was done, whose operands make room.
    """
    visible = [clock.visible]  # of the input of the chain, then of each op
    for index, (op, back) in enumerate(zip(ops, depends, strict=True)):
        ready = visible[index + 1 - back] if back else visible[0]
        begins, ends = jnp.maximum(op.lead - op.prefetch, 0.0), 1.0 - op.prefetch
        first = jnp.maximum(
            clock.load_port + op.lead * op.load, clock.weights_done + begins * op.load
        )
        loaded = jnp.maximum(
            clock.load_port + op.load, clock.weights_done + ends * op.load
        )
        clock, done = _compute(clock, op, first, loaded, ready, seen, index)
        loads = op.load > 0
        clock = _store(clock, op, done, seen, index).replace(
            weights_done=jnp.where(loads, done, clock.weights_done)
        )
        visible.append(clock.visible)
    return clock


def _run_chain_in_program_order(
    clock: Clock, ops: list[_Op], depends: tuple[int, ...], seen: list[Span]
) -> Clock:
    """Run ops whose loads and stores are issued strictly one after another.

    The stores of ops that wait for nothing come after the loads of their neighbours, as
    in query, key and value; an op that waits for another one comes after all stores
    before it. Nothing overtakes: each transfer is issued when the one before it was.
    """
    visible = [clock.visible]
    waiting: list[tuple[int, _Op, Array]] = []
    for index, (op, back) in enumerate(zip(ops, depends, strict=True)):
        visible.append(clock.visible)
        if back:
            clock = _issue_stores(clock, waiting, visible, seen)
        ready = visible[index + 1 - back] if back else visible[0]
        begun = jnp.maximum(clock.load_port, clock.issued)
        first, loaded = begun + op.lead * op.load, begun + op.load
        clock, done = _compute(clock, op, first, loaded, ready, seen, index)
        issued = jnp.where(op.load > 0, begun, clock.issued)
        clock = clock.replace(issued=issued)
        waiting.append((index + 1, op, done))
    return _issue_stores(clock, waiting, visible, seen)


def _issue_stores(
    clock: Clock,
    waiting: list[tuple[int, _Op, Array]],
    visible: list[Number],
    seen: list[Span],
) -> Clock:
    while waiting:
        place, op, done = waiting.pop(0)
        begun = jnp.where(op.store > 0, jnp.maximum(done, clock.issued), done)
        clock = _store(clock, op, begun, seen, place - 1)
        visible[place] = clock.visible
        issued = jnp.where(op.store > 0, clock.visible - op.store, clock.issued)
        clock = clock.replace(issued=issued)
    return clock


def _compute(
    clock: Clock,
    op: _Op,
    first: Number,
    loaded: Number,
    ready: Number,
    seen: list[Span],
    place: int,
) -> tuple[Clock, Array]:
    """Run an op on its unit while what it loads comes in, from `first` to `loaded`.

    It ends no earlier than what it streams in beside: max(start, load_port) + streamed.
    What leaves the chip keeps the port busy after that, and no op waits for it.
    """
    loads = op.load > 0
    start = jnp.maximum(jnp.where(loads, first, 0.0), ready)
    units = clock.units
    if op.unit:
        start = jnp.maximum(start, units[op.unit])
    done = start + op.compute
    done = jnp.where(loads, jnp.maximum(done, loaded + op.lead * op.compute), done)
    if op.unit:
        free = start + op.occupied
        later = jnp.maximum(free, loaded + op.lead * op.occupied)
        units = units | {op.unit: jnp.where(loads, later, free)}
    port = jnp.where(loads, loaded, clock.load_port)
    streams = op.streamed > 0
    through = jnp.maximum(start, port) + op.streamed
    done = jnp.where(streams, jnp.maximum(done, through), done)
    port = jnp.where(streams, through, port)
    drains = op.drained > 0
    port = jnp.where(drains, jnp.maximum(start, port) + op.drained, port)
    transfers = (loaded, op.load), (through, op.streamed), (port, op.drained)
    seen += [
        *(Span(place, "main_memory_port", "load", e - t, e) for e, t in transfers),
        Span(place, op.unit, "compute", start, done),
    ]
    return clock.replace(load_port=port, units=units), done


def _store(clock: Clock, op: _Op, done: Array, seen: list[Span], place: int) -> Clock:
    """Store the result of an op, if it has one to store."""
    stores = op.store > 0
    stored = jnp.maximum(done, clock.store_port) + op.store
    visible = jnp.where(stores, stored, done)
    seen.append(Span(place, "store_port", "store", stored - op.store, stored))
    return clock.replace(
        store_port=jnp.where(stores, stored, clock.store_port),
        visible=visible,
        finished=jnp.maximum(clock.finished, visible),
    )


def walk(chains: list[Chain]) -> Array:
    """Return the cycles in which a machine runs all chains of ops, in order.

    Equal layers settle into a steady state: `WALKED_LAYERS` of them are walked, and
    every further one takes as long as the last of those did, and no less than its
    busiest port or unit. Exact where three layers are enough to settle, as on all
    designs tried of the published spaces; a long head start of a load-bound chain is
    counted at most once too often. Layers that differ are all walked. Never below
    `roofline`. Scalar; `vmap` adds designs.
    """
    clock = _start_of_run(chains)
    for chain in chains:
        clock = _run_layers(clock, chain)
    last = jnp.maximum(clock.finished, clock.load_port)
    return jnp.maximum(last, roofline(chains))


def _run_layers(clock: Clock, chain: Chain) -> Clock:
    columns = _columns(chain)

    def layer(now: Clock, own: list[list[Array]] | None) -> tuple[Clock, Array]:
        after = _run_layer(now, chain, columns if own is None else own, [])
        return after, jnp.subtract(after.visible, now.visible)

    if chain.layers_differ:
        walked_all: Clock = jax.lax.scan(layer, clock, columns)[0]
        return walked_all
    walked = min(chain.repeats, WALKED_LAYERS)
    if walked == 1:
        return layer(clock, None)[0]
    clock, periods = jax.lax.scan(layer, clock, length=walked)
    period = jnp.maximum(periods[-1], roofline([chain.replace(repeats=1)]))
    rest = float(chain.repeats - walked) * period
    settled: Clock = jax.tree.map(lambda time: time + rest, clock)
    return settled


def _columns(chain: Chain) -> list[list[Array]]:
    return [chain.column(what) for what in _Op._fields[1:]]


def _run_layer(
    clock: Clock, chain: Chain, columns: list[list[Array]], seen: list[Span]
) -> Clock:
    run = _run_chain if chain.fetches_ahead else _run_chain_in_program_order
    each = zip(chain.units(), *columns, strict=True)
    return run(clock, [_Op(*op) for op in each], chain.depends, seen)


def timeline(chain: Chain) -> list[Span]:
    """Return when ports and units work for the ops of one layer, once it has settled.

    What loads while it is not yet worked on, of the next layer, belongs to that. Of
    layers that differ, the first.
    """
    columns, clock = _columns(chain), _start_of_run([chain])
    if chain.layers_differ:
        columns = [[value[0] for value in column] for column in columns]
    for _ in range(min(chain.repeats, WALKED_LAYERS)):
        seen: list[Span] = []
        clock = _run_layer(clock, chain, columns, seen)
    begins = [s.begin for s in seen if s.what == "compute"]
    origin = jnp.min(jnp.stack(begins))
    return [s._replace(begin=s.begin - origin, end=s.end - origin) for s in seen]


def roofline(chains: list[Chain]) -> Array:
    """Return the cycles below which no order of the ops can go.

    max over ports and units r of the sum over ops of the time an op keeps r busy
    """
    longest = jnp.zeros(())
    for cycles in resource_cycles(chains).values():
        longest = jnp.maximum(longest, cycles)
    return longest
