"""Ops in time: a max-plus walk over ports and units, and the roofline below it.

Every op loads its weights over the main-memory port, computes on its unit and stores its
result, in program order. A port or a unit serves one op at a time; an op starts when its
unit is free, its weights have arrived and its input is visible. Weights are
double-buffered: while one op computes, the next one's weights may arrive, as far as the
buffer holds both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from dse.records import Record, record
from dse.schedule.stage import Stage

# Equal layers that are walked one by one before their period is taken as constant.
WALKED_LAYERS = 3

Chain = tuple[Sequence[Stage], Sequence[int], int]  # stages, what each waits for, repeats


@record
class Clock(Record):
    """When each port and unit is free again and the newest result visible, in cycles."""

    load_port: Any
    store_port: Any
    units: dict[str, Any]
    visible: Any
    weights_done: Any
    weights_done_before: Any


def _start_of_run(chains: Sequence[Chain]) -> Clock:
    zero = jnp.zeros(())
    units = {s.unit for stages, _, _ in chains for s in stages if s.unit}
    return Clock(
        load_port=zero,
        store_port=zero,
        units=dict.fromkeys(sorted(units), zero),
        visible=zero,
        weights_done=zero,
        weights_done_before=zero,
    )


def _run_op(clock: Clock, stage: Stage, ready: Array) -> Clock:
    """Advance the clock by one op whose input is visible at `ready`.

        loaded  = max(max(load_port, done_2) + load, done_1 + (1 - prefetch) load)
        start   = max(loaded, unit, ready)
        visible = max(start + compute, store_port) + store

    done_1 and done_2: when the last and the last but one op with weights were done.
    """
    early = jnp.maximum(clock.load_port, clock.weights_done_before) + stage.load
    late = clock.weights_done + (1.0 - stage.prefetch) * stage.load
    loads = stage.load > 0
    loaded = jnp.where(loads, jnp.maximum(early, late), 0.0)
    start = jnp.maximum(loaded, ready)
    units = clock.units
    if stage.unit:
        start = jnp.maximum(start, units[stage.unit])
    done = start + stage.compute
    if stage.unit:
        units = units | {stage.unit: done}
    stores = stage.store > 0
    stored = jnp.maximum(done, clock.store_port) + stage.store
    return Clock(
        load_port=jnp.where(loads, loaded, clock.load_port),
        store_port=jnp.where(stores, stored, clock.store_port),
        units=units,
        visible=jnp.where(stores, stored, done),
        weights_done=jnp.where(loads, done, clock.weights_done),
        weights_done_before=jnp.where(
            loads, clock.weights_done, clock.weights_done_before
        ),
    )


def _run_chain(clock: Clock, stages: Sequence[Stage], depends: Sequence[int]) -> Clock:
    visible = [clock.visible]  # of the input of the chain, then of each op
    for index, (stage, back) in enumerate(zip(stages, depends, strict=True)):
        ready = visible[index + 1 - back] if back else visible[0]
        clock = _run_op(clock, stage, ready)
        visible.append(clock.visible)
    return clock


def walk(chains: Sequence[Chain]) -> Array:
    """Return the cycles in which a machine runs all chains of ops, in order.

    Equal layers settle into a steady state: `WALKED_LAYERS` of them are walked, and every
    further one takes as long as the last of those did. Never below `roofline`. Scalar;
    `vmap` adds designs.
    """
    clock = _start_of_run(chains)
    for stages, depends, repeats in chains:

        def layer(now: Clock, _: None, stages=stages, depends=depends) -> Any:  # type: ignore[no-untyped-def]
            after = _run_chain(now, stages, depends)
            return after, after.visible - now.visible

        walked = min(repeats, WALKED_LAYERS)
        clock, periods = jax.lax.scan(layer, clock, length=walked)
        rest = float(repeats - walked) * periods[-1]
        clock = jax.tree.map(lambda time, rest=rest: time + rest, clock)
    return jnp.maximum(clock.visible, roofline(chains))


def roofline(chains: Sequence[Chain]) -> Array:
    """Return the cycles below which no order of the ops can go: the busiest port or unit.

        max over resources r of the sum over ops of the time that the op keeps r busy
    """
    longest = jnp.zeros(())
    for cycles in resource_cycles(chains).values():
        longest = jnp.maximum(longest, cycles)
    return longest


def resource_cycles(chains: Sequence[Chain]) -> dict[str, Any]:
    """Return how long a whole run keeps each port and unit busy, in cycles."""
    totals: dict[str, Any] = {}
    for stages, _, repeats in chains:
        for stage in stages:
            busy = {"main_memory_port": stage.load, "store_port": stage.store}
            if stage.unit:
                busy[stage.unit] = stage.compute
            for resource, cycles in busy.items():
                totals[resource] = totals.get(resource, 0.0) + repeats * cycles
    return totals
