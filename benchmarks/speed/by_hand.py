"""Time, energy and area of AccelTran's machine on BERT-Base, in plain NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmarks.speed.by_hand_machine import (
    ACTIVATIONS,
    BUFFERS,
    LANE_BLOCKS,
    LAYER,
    LAYERS,
    START,
    TOKENS,
    WEIGHTS,
    WORD,
    Arrays,
    Machine,
    Op,
)


class Cost(NamedTuple):
    """What an op takes: cycles of ports and unit, tile ops, energy in J."""

    unit: str
    load: Any
    compute: Any
    occupied: Any
    store: Any
    prefetch: Any
    busy: Any  # cycles x units
    energy: Any


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
    layer, newest = [], [op for op in LAYER if op.kind == "linear"][-1]
    start = [_cost(m, op, newest) for op in START]
    for op in LAYER:
        layer.append(_cost(m, op, newest))
        newest = op if op.kind == "linear" else newest
    cycles = _bound(f, start, layer, LAYERS)
    if timing == "walk":
        cycles = f.maximum(_walk(f, start, layer), cycles)
    seconds = cycles / m.clock
    energy = _leakage(m, start, layer, seconds)
    energy = energy + sum(c.energy for c in start)
    energy = energy + LAYERS * sum(c.energy for c in layer)
    area = sum(m.count[b] * m.unit(b, "area") for b in m.count)
    area = area + sum(numbers[f"{b}.area"] * m.bits[b] / 8.0 for b in BUFFERS)
    return {"latency": seconds, "energy": energy / m.d.batch, "area": area}


def _cost(m: Machine, op: Op, before: Op) -> Cost:
    """Return what an op takes; `before` is the op with weights ahead of it."""
    f, d = m.f, m.d
    unit, per_head, cycles = _work(m, op)
    issued = op.heads * per_head
    elapsed = occupied = 0.0
    if unit:
        windows = f.ceil(per_head / d.issue_batch)
        waves = f.maximum(f.ceil(issued / m.count[unit]), 1.0)
        held = f.maximum(windows - 1.0, (waves - 1.0) * (cycles + 1.0))
        elapsed = held + cycles + 1.0
        occupied = f.maximum(windows, issued * (cycles + 1.0) / m.count[unit])
    fetched, stored = 0.0, d.batch * op.heads * TOKENS * op.columns
    if op.kind == "embedding":
        fetched, stored = stored, 0.0
    elif op.kind == "linear":
        fetched = m.streamed * op.inner * op.columns
    spill = _spill(m, op) if unit else 0.0
    prefetch = 1.0
    if op.kind == "linear":
        room = m.bits["weight_buffer"] - before.inner * before.columns * WEIGHTS * WORD
        share = f.maximum(room, 0.0) / (op.inner * op.columns * WEIGHTS * WORD)
        prefetch = f.minimum(share, 1.0)
    on_bus = fetched * (WORD * WEIGHTS + 1.0) + spill
    energy = (
        on_bus * m.access["main_memory"]
        + stored * WORD * ACTIVATIONS * m.access["activation_buffer"]
        + fetched * WORD * WEIGHTS * m.access["weight_buffer"]
        + (stored + fetched) * m.access["mask_buffer"]
    )
    if op.kind in ("linear", "matmul"):
        energy = energy + _operands(m, op, issued)
    busy = issued * cycles
    for block, amount in _working(m, unit, busy).items():
        energy = (
            energy + amount * m.unit(block, "dynamic_power") / m.t["clock.frequency"]
        )
    store = stored * WORD * ACTIVATIONS / m.port
    return Cost(unit, on_bus / m.bus, elapsed, occupied, store, prefetch, busy, energy)


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


def _working(m: Machine, unit: str, busy: Any) -> dict[str, Any]:
    if unit != "mac_lanes":
        return {unit: busy} if unit else {}
    beside = busy / m.d.lanes_per_pe
    return dict.fromkeys(LANE_BLOCKS, busy) | {"dataflow": beside, "dma": beside}


def _spill(m: Machine, op: Op) -> Any:
    """Return the bits that go to main memory and back, for want of a buffer."""
    f, rows = m.f, m.d.batch * op.heads * TOKENS
    values = rows * (op.inner or op.columns) + rows * op.columns
    if op.kind == "matmul":
        values = values + m.d.batch * op.heads * op.inner * op.columns
    over = f.maximum(values * ACTIVATIONS * WORD - m.bits["activation_buffer"], 0.0)
    over = over + f.maximum(values - m.bits["mask_buffer"] / 2.0, 0.0)
    if op.kind != "linear":
        return 2.0 * over
    weights = op.inner * op.columns * WEIGHTS * WORD
    return over * (1.0 + f.maximum(weights / m.bits["weight_buffer"], 1.0))


def _operands(m: Machine, op: Op, issued: Any) -> Any:
    """Return the energy of reading operand tiles that no lane holds any more."""
    f, d = m.f, m.d
    rows, columns = f.ceil(TOKENS / d.tile_size), f.ceil(op.columns / d.tile_size)
    inner, lanes = f.ceil(op.inner / d.tile_size), m.count["mac_lanes"]
    missed = []
    for stride, trips in ((inner, columns), (inner * columns, rows)):
        steps = lanes / stride
        whole = (abs(steps - f.rint(steps)) < 0.5 / stride) & (steps >= 0.5)
        kept = f.minimum(f.maximum(1.0 - steps / trips, 0.0), 1.0)
        missed.append(1.0 - f.where(whole, kept, 0.0))
    left = issued * d.tile_batch * d.tile_size**2 * missed[0]
    right = issued * d.tile_size**2 * missed[1]
    if op.kind == "matmul":
        right = right * d.tile_batch
        from_buffers = (left + right) * ACTIVATIONS * m.access["activation_buffer"]
    else:
        from_buffers = left * ACTIVATIONS * m.access["activation_buffer"]
        from_buffers = from_buffers + right * WEIGHTS * m.access["weight_buffer"]
    return WORD * from_buffers + (left + right) * m.access["mask_buffer"]


def _leakage(m: Machine, start: list[Cost], layer: list[Cost], seconds: Any) -> Any:
    """Return what leaks in J: logic gated to a share of itself, buffers not at all."""
    worked: dict[str, Any] = {}
    for costs, repeats in ((start, 1.0), (layer, float(LAYERS))):
        for cost in costs:
            for block, amount in _working(m, cost.unit, cost.busy).items():
                worked[block] = worked.get(block, 0.0) + repeats * amount / m.clock
    idle, energy = m.t["idle.leakage_share"], 0.0
    for block, count in m.count.items():
        rests = count * seconds - worked[block]
        on = worked[block] + idle * rests
        energy = energy + m.unit(block, "leakage_power") * on
    for buffer in BUFFERS:
        power = m.t[f"{buffer}.leakage_power"] * m.bits[buffer] / 8.0
        energy = energy + power * seconds
    return energy


def _bound(f: Any, start: list[Cost], layer: list[Cost], layers: float) -> Any:
    """Return the cycles that the busiest port or unit works."""
    found = 0.0
    for read in (lambda c: c.load, lambda c: c.store):
        busy = sum(read(c) for c in start) + layers * sum(read(c) for c in layer)
        found = f.maximum(found, busy)
    for unit in ("mac_lanes", "softmax", "layer_norm"):
        busy = sum(c.occupied for c in start if c.unit == unit)
        busy = busy + layers * sum(c.occupied for c in layer if c.unit == unit)
        found = f.maximum(found, busy)
    return found


def _walk(f: Any, start: list[Cost], layer: list[Cost]) -> Any:
    """Return the cycles of the ops in order: three layers walked, the rest like it."""
    now = {"bus": 0.0, "port": 0.0, "weights": 0.0, "seen": 0.0, "end": 0.0}
    now |= {"mac_lanes": 0.0, "softmax": 0.0, "layer_norm": 0.0}
    _pass(f, now, START, start)
    for _ in range(3):
        before = now["seen"]
        _pass(f, now, LAYER, layer)
    period = f.maximum(now["seen"] - before, _bound(f, [], layer, 1.0))
    return now["end"] + (LAYERS - 3.0) * period


def _pass(f: Any, now: dict[str, Any], ops: list[Op], costs: list[Cost]) -> None:
    seen = [now["seen"]]
    for place, (op, cost) in enumerate(zip(ops, costs, strict=True)):
        ready = seen[place + 1 - op.depends] if op.depends else seen[0]
        late = now["weights"] + (1.0 - cost.prefetch) * cost.load
        loaded = f.maximum(now["bus"] + cost.load, late)
        loads, stores = cost.load > 0.0, cost.store > 0.0
        begin = f.maximum(f.where(loads, loaded, 0.0), ready)
        if cost.unit:
            begin = f.maximum(begin, now[cost.unit])
            now[cost.unit] = begin + cost.occupied
        done = begin + cost.compute
        now["bus"] = f.where(loads, loaded, now["bus"])
        now["weights"] = f.where(loads, done, now["weights"])
        stored = f.maximum(done, now["port"]) + cost.store
        now["port"] = f.where(stores, stored, now["port"])
        now["seen"] = f.where(stores, stored, done)
        now["end"] = f.maximum(now["end"], now["seen"])
        seen.append(now["seen"])
