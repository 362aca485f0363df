"""Time, energy and area of AccelTran's machine on BERT-Base, in plain NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmarks.speed.by_hand_machine import (
    ACTIVATIONS,
    BUFFERS,
    DEPENDS,
    LAYER,
    LAYERS,
    START,
    STORED_WEIGHT,
    TOKENS,
    UNITS,
    WEIGHTS,
    WORD,
    Arrays,
    Machine,
    Op,
)
from benchmarks.speed.by_hand_traffic import Port, port_of


class Cost(NamedTuple):
    """What an op takes of its machine whatever runs beside it: cycles, energy in J."""

    unit: str
    load: Any  # of weights or rows of a table
    lead: Any  # share of a load, and of the work on it, that its first tile is
    compute: Any
    occupied: Any
    store: Any
    busy: Any  # cycles x units
    energy: Any


class Step(NamedTuple):
    """An op in its place: what it loads and drains of results too, None for nothing."""

    cost: Cost
    always_loads: bool
    load: Any
    prefetch: Any
    drain: Any


def answer(
    design: Mapping[str, Any],
    numbers: Mapping[str, float],
    timing: str,
    f: Any = Arrays,
) -> dict[str, Any]:
    """Return latency in s, energy in J per sequence and area in m^2, all `[designs]`.

    `f` holds the functions: of `Arrays`, or of `Scalars`.
    """
    m = Machine(design, numbers, f)
    port = port_of(m)
    costs = {op: _cost(m, op, port.readings) for op in dict.fromkeys(START + LAYER)}
    start = [
        Step(costs[START[0]], True, costs[START[0]].load, 1.0, None),
        Step(costs[START[1]], False, None, 1.0, port.written_at_start / m.bus),
    ]
    layer = _layer(m, costs, port)
    cycles = _bound(f, start, layer, LAYERS)
    if timing == "walk":
        cycles = f.maximum(_walk(f, start, layer), cycles)
    seconds = cycles / m.clock
    energy = _leakage(m, start, layer, seconds) + port.total * m.access["main_memory"]
    energy = energy + sum(step.cost.energy for step in start)
    energy = energy + LAYERS * sum(step.cost.energy for step in layer)
    area = sum(m.count[b] * m.unit(b, "area") for b in m.count)
    area = area + sum(numbers[f"{b}.area"] * m.bits[b] / 8.0 for b in BUFFERS)
    return {"latency": seconds, "energy": energy / m.d.batch, "area": area}


def _layer(m: Machine, costs: dict[Op, Cost], port: Port) -> list[Step]:
    """Return the steps of a layer; half of the weight buffer is always being filled."""
    steps, before = [], max(i for i, op in enumerate(LAYER) if op.weights)
    buffer = m.bits["weight_buffer"] / (WEIGHTS * WORD)
    for place, op in enumerate(LAYER):
        load = port.read[place] / m.bus if place in port.read else None
        drain = port.written[place] / m.bus if place in port.written else None
        prefetch: Any = 1.0
        if op.weights:
            load = costs[op].load + load
            room = m.f.maximum(buffer / 2.0, buffer - LAYER[before].weights)
            prefetch = m.f.minimum(room / op.weights, 1.0)
            before = place
        steps.append(Step(costs[op], op.weights > 0, load, prefetch, drain))
    return steps


def _cost(m: Machine, op: Op, readings: Any) -> Cost:
    """Return what an op takes, its weights read some times in a batch."""
    f, d = m.f, m.d
    unit, per_head, cycles = _work(m, op)
    issued = op.heads * per_head
    fetched, stored = readings * op.weights, d.batch * op.heads * TOKENS * op.columns
    if op.kind == "embedding":
        fetched, stored = stored, 0.0
    on_bus = fetched * STORED_WEIGHT
    energy = (
        on_bus * m.access["main_memory"]
        + stored * WORD * ACTIVATIONS * m.access["activation_buffer"]
        + fetched * WORD * WEIGHTS * m.access["weight_buffer"]
        + (stored + fetched) * m.access["mask_buffer"]
    )
    busy, slowest = issued * cycles, cycles
    if op.kind in ("linear", "matmul"):
        left, right = _missed_tiles(m, op)
        slowest = f.maximum(
            cycles, (left * ACTIVATIONS + right * WEIGHTS) / d.tile_size
        )
        energy = energy + issued * _operands(m, op, left, right)
    elapsed = occupied = 0.0
    if unit:
        energy = energy + busy * m.working[unit]
        windows = f.ceil(per_head / d.issue_batch)
        waves = f.maximum(f.ceil(issued / m.count[unit]), 1.0)
        held = f.maximum(windows - 1.0, (waves - 1.0) * (slowest + 1.0))
        elapsed = held + slowest + 1.0
        occupied = f.maximum(windows, issued * (slowest + 1.0) / m.count[unit])
    lead: Any = 1.0
    if op.kind != "embedding":
        lead = f.minimum(d.tile_size**2 / (max(op.inner, 1) * op.columns), 1.0)
    store = stored * WORD * ACTIVATIONS / m.port
    return Cost(unit, on_bus / m.bus, lead, elapsed, occupied, store, busy, energy)


def _work(m: Machine, op: Op) -> tuple[str, Any, Any]:
    """Return the unit that works, its tile ops for each head, and cycles of each."""
    f, d = m.f, m.d
    tiles = f.ceil(d.batch / d.tile_batch) * f.ceil(TOKENS / d.tile_size)
    tiles = tiles * f.ceil(op.columns / d.tile_size)
    if op.kind in ("linear", "matmul"):
        right = WEIGHTS if op.kind == "linear" else ACTIVATIONS
        macs = d.tile_batch * d.tile_size**3 / d.multipliers_per_lane
        depth = f.ceil(op.inner / d.tile_size)
        return "mac_lanes", tiles * depth, macs * ACTIVATIONS * right
    if op.kind == "softmax":
        return "softmax", tiles, d.tile_batch * d.tile_size**2 * ACTIVATIONS
    if op.kind == "layer_norm":
        return "layer_norm", tiles, 2.0 * d.tile_batch * d.tile_size
    return ("mac_lanes" if op.kind == "activation" else ""), tiles, 1.0


def _missed_tiles(m: Machine, op: Op) -> tuple[Any, Any]:
    """Return the values that no lane holds yet, of a tile op, left and right."""
    f, d = m.f, m.d
    rows, columns = f.ceil(TOKENS / d.tile_size), f.ceil(op.columns / d.tile_size)
    inner, lanes = f.ceil(op.inner / d.tile_size), m.count["mac_lanes"]
    missed = []
    for stride, trips in ((inner, columns), (inner * columns, rows)):
        steps = lanes / stride
        whole = (abs(steps - f.rint(steps)) < 0.5 / stride) & (steps >= 0.5)
        kept = f.minimum(f.maximum(1.0 - steps / trips, 0.0), 1.0)
        missed.append((1.0 - f.where(whole, kept, 0.0)) * d.tile_size**2)
    deep = d.tile_batch if op.kind == "matmul" else 1.0
    return missed[0] * d.tile_batch, missed[1] * deep


def _operands(m: Machine, op: Op, left: Any, right: Any) -> Any:
    """Return the energy of reading the operands of a tile op from their buffers."""
    from_right = "activation_buffer" if op.kind == "matmul" else "weight_buffer"
    words = left * ACTIVATIONS * m.access["activation_buffer"]
    words = words + right * WEIGHTS * m.access[from_right]
    return WORD * words + (left + right) * m.access["mask_buffer"]


def _leakage(m: Machine, start: list[Step], layer: list[Step], seconds: Any) -> Any:
    """Return what leaks in J: logic gated to a share of itself, buffers not at all."""
    idle, energy = m.t["idle.leakage_share"], 0.0
    for unit in UNITS:
        worked = _over_run(start, layer, LAYERS, unit, "busy") / m.clock
        on = (1.0 - idle) * worked + idle * seconds * m.count[unit]
        energy = energy + m.with_helpers(unit, "leakage_power") * on
    for buffer in BUFFERS:
        power = m.t[f"{buffer}.leakage_power"] * m.bits[buffer] / 8.0
        energy = energy + power * seconds
    return energy


def _over_run(
    start: list[Step], layer: list[Step], layers: float, unit: str, what: str
) -> Any:
    """Return what a unit does in a run, summed over all ops that use it."""
    once, often = (
        sum(getattr(step.cost, what) for step in steps if step.cost.unit == unit)
        for steps in (start, layer)
    )
    return once + layers * often


def _bound(f: Any, start: list[Step], layer: list[Step], layers: float) -> Any:
    """Return the cycles that the busiest port or unit works."""
    found = 0.0
    for unit in UNITS:
        found = f.maximum(found, _over_run(start, layer, layers, unit, "occupied"))
    once, often = (
        [s.load for s in steps if s.load is not None]
        + [s.drain for s in steps if s.drain is not None]
        for steps in (start, layer)
    )
    found = f.maximum(found, sum(once) + layers * sum(often))
    once, often = ([s.cost.store for s in steps] for steps in (start, layer))
    return f.maximum(found, sum(once) + layers * sum(often))


def _walk(f: Any, start: list[Step], layer: list[Step]) -> Any:
    """Return the cycles of the ops in order: three layers walked, the rest like it."""
    now = {"bus": 0.0, "port": 0.0, "loaded": 0.0, "seen": 0.0, "end": 0.0}
    now |= dict.fromkeys(UNITS, 0.0)
    _pass(f, now, start, (0, 1))
    for _ in range(3):
        before = now["seen"]
        _pass(f, now, layer, DEPENDS)
    period = f.maximum(now["seen"] - before, _bound(f, [], layer, 1.0))
    return f.maximum(now["end"], now["bus"]) + (LAYERS - 3.0) * period


def _pass(
    f: Any, now: dict[str, Any], steps: list[Step], depends: tuple[int, ...]
) -> None:
    """Walk a chain of ops; `now` holds when ports and units are free again.

    A load needs the bus, and room beside the load before it; an op begins with its
    first tile and has the last tile's work to do when all is there.
    """
    seen = [now["seen"]]
    for place, (step, back) in enumerate(zip(steps, depends, strict=True)):
        cost, unit = step.cost, step.cost.unit
        begin = seen[place + 1 - back] if back else seen[0]
        if unit:
            begin = f.maximum(begin, now[unit])
        done, free = begin + cost.compute, begin + cost.occupied
        if step.load is not None:
            begin, done, free = _load(f, now, step, begin)
        if unit:
            now[unit] = free
        if step.drain is not None:
            drained = f.maximum(begin, now["bus"]) + step.drain
            now["bus"] = f.where(step.drain > 0.0, drained, now["bus"])
        if unit:  # all that work store
            now["port"] = f.maximum(done, now["port"]) + cost.store
        now["seen"] = now["port"] if unit else done
        now["end"] = f.maximum(now["end"], now["seen"])
        seen.append(now["seen"])


def _load(f: Any, now: dict[str, Any], step: Step, begin: Any) -> tuple[Any, Any, Any]:
    """Return when an op that may load begins, is done, and leaves its unit free."""
    cost, lead, load = step.cost, step.cost.lead, step.load
    late = f.maximum(lead - step.prefetch, 0.0) * load
    first = f.maximum(now["bus"] + lead * load, now["loaded"] + late)
    late = (1.0 - step.prefetch) * load
    loaded = f.maximum(now["bus"] + load, now["loaded"] + late)
    begun = f.maximum(begin, first)
    done = f.maximum(begun + cost.compute, loaded + lead * cost.compute)
    free = f.maximum(begun + cost.occupied, loaded + lead * cost.occupied)
    if not step.always_loads:  # as attention, if all is on chip
        loads = load > 0.0
        done = f.where(loads, done, begin + cost.compute)
        free = f.where(loads, free, begin + cost.occupied)
        begun = f.where(loads, begun, begin)
        loaded = f.where(loads, loaded, now["bus"])
    now["bus"] = loaded
    now["loaded"] = done if step.always_loads else f.where(loads, done, now["loaded"])
    return begun, done, free
