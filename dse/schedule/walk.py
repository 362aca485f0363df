"""Ops in time: a max-plus walk over ports and units, and the roofline below it.

Every op loads its weights over the main-memory port, computes on its unit and stores
its result, in program order. A port serves one op at a time, a unit takes the next op
as soon as it has room; an op starts when its unit is free, its weights have arrived and
its input is visible. Weights are double-buffered: while one op computes, the next one's
weights may arrive, as far as the buffer holds both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from dse.records import Record, record
from dse.schedule.stage import Chain, resource_cycles

# Equal layers that are walked one by one before their period is taken as constant.
WALKED_LAYERS = 3


class _Op(NamedTuple):
    unit: str
    load: Any
    streamed: Any
    compute: Any
    occupied: Any
    store: Any
    prefetch: Any


@record
class Clock(Record):
    """When ports and units are free again, the newest result visible; in cycles."""

    load_port: Any
    store_port: Any
    units: dict[str, Any]
    visible: Any
    finished: Any  # the latest of all results
    weights_done: Any
    issued: Any  # the newest transfer, where transfers keep program order


def _start_of_run(chains: list[Chain]) -> Clock:
    zero = jnp.zeros(())
    units = {s.unit for chain in chains for _, s in chain.groups if s.unit}
    return Clock(
        load_port=zero,
        store_port=zero,
        units=dict.fromkeys(sorted(units), zero),
        visible=zero,
        finished=zero,
        weights_done=zero,
        issued=zero,
    )


def _run_chain(clock: Clock, ops: list[_Op], depends: tuple[int, ...]) -> Clock:
    """Run ops whose weights are fetched ahead, one after another.

        loaded  = max(load_port + load, done_1 + (1 - prefetch) load)
        start   = max(loaded, unit, input visible);  unit = start + occupied
        visible = max(start + compute, store_port) + store

    done_1: when the op with weights before this one was done, whose weights make room.
    """
    visible = [clock.visible]  # of the input of the chain, then of each op
    for index, (op, back) in enumerate(zip(ops, depends, strict=True)):
        ready = visible[index + 1 - back] if back else visible[0]
        early = clock.load_port + op.load
        late = clock.weights_done + (1.0 - op.prefetch) * op.load
        clock, done = _compute(clock, op, jnp.maximum(early, late), ready)
        loads = op.load > 0
        clock = _store(clock, op, done).replace(
            weights_done=jnp.where(loads, done, clock.weights_done)
        )
        visible.append(clock.visible)
    return clock


def _run_chain_in_program_order(
    clock: Clock, ops: list[_Op], depends: tuple[int, ...]
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
            clock = _issue_stores(clock, waiting, visible)
        ready = visible[index + 1 - back] if back else visible[0]
        loaded = jnp.maximum(clock.load_port, clock.issued) + op.load
        clock, done = _compute(clock, op, loaded, ready)
        issued = jnp.where(op.load > 0, loaded - op.load, clock.issued)
        clock = clock.replace(issued=issued)
        waiting.append((index + 1, op, done))
    return _issue_stores(clock, waiting, visible)


def _issue_stores(
    clock: Clock, waiting: list[tuple[int, _Op, Array]], visible: list[Array]
) -> Clock:
    while waiting:
        place, op, done = waiting.pop(0)
        clock = _store(
            clock, op, jnp.where(op.store > 0, jnp.maximum(done, clock.issued), done)
        )
        visible[place] = clock.visible
        issued = jnp.where(op.store > 0, clock.visible - op.store, clock.issued)
        clock = clock.replace(issued=issued)
    return clock


def _compute(clock: Clock, op: _Op, loaded: Array, ready: Array) -> tuple[Clock, Array]:
    """Run an op on its unit, once weights (if any) and input are there.

    It ends no earlier than what it streams: done = max(start + compute, max(start,
    load_port) + streamed).
    """
    loads = op.load > 0
    start = jnp.maximum(jnp.where(loads, loaded, 0.0), ready)
    units = clock.units
    if op.unit:
        start = jnp.maximum(start, units[op.unit])
    done = start + op.compute
    if op.unit:
        units = units | {op.unit: start + op.occupied}
    port = jnp.where(loads, loaded, clock.load_port)
    streams = op.streamed > 0
    through = jnp.maximum(start, port) + op.streamed
    done = jnp.where(streams, jnp.maximum(done, through), done)
    port = jnp.where(streams, through, port)
    return clock.replace(load_port=port, units=units), done


def _store(clock: Clock, op: _Op, done: Array) -> Clock:
    """Store the result of an op, if it has one to store."""
    stores = op.store > 0
    stored = jnp.maximum(done, clock.store_port) + op.store
    visible = jnp.where(stores, stored, done)
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
    return jnp.maximum(clock.finished, roofline(chains))


def _run_layers(clock: Clock, chain: Chain) -> Clock:
    run = _run_chain if chain.fetches_ahead else _run_chain_in_program_order
    columns = [chain.column(what) for what in _Op._fields[1:]]
    units = chain.units()

    def layer(now: Clock, own: list[list[Any]] | None) -> tuple[Clock, Array]:
        each = zip(units, *(columns if own is None else own), strict=True)
        after = run(now, [_Op(*op) for op in each], chain.depends)
        return after, after.visible - now.visible

    if chain.layers_differ:
        walked_all: Clock = jax.lax.scan(layer, clock, columns)[0]
        return walked_all
    walked = min(chain.repeats, WALKED_LAYERS)
    if walked == 1:
        return layer(clock, None)[0]
    clock, periods = jax.lax.scan(layer, clock, length=walked)
    period = jnp.maximum(periods[-1], roofline([chain._replace(repeats=1)]))
    rest = float(chain.repeats - walked) * period
    settled: Clock = jax.tree.map(lambda time: time + rest, clock)
    return settled


def roofline(chains: list[Chain]) -> Array:
    """Return the cycles below which no order of the ops can go.

    max over ports and units r of the sum over ops of the time an op keeps r busy
    """
    longest = jnp.zeros(())
    for cycles in resource_cycles(chains).values():
        longest = jnp.maximum(longest, cycles)
    return longest
