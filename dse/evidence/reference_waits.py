"""What a reference machine waits for: overhead, arithmetic or memory."""

from __future__ import annotations

from typing import Any

from dse.engines.reference import ReferenceMachine
from dse.explore.evaluate import evaluate
from dse.workload.ops import Workload


def waits(machine: ReferenceMachine, workload: Workload) -> dict[str, Any]:
    """Return rate, energy, the shares of time by cause, and the largest as its bound.

    Ops follow each other, each with its overhead and then the longer of arithmetic and
    memory. A machine without overhead takes the working time alone; it draws the same
    power all the while, so its energy beyond idle says which of the two was longer.
    """
    found = evaluate(machine, workload)
    bare = evaluate(machine.replace(overhead_us=0.0), workload)
    latency = float(found.latency)
    spent = {part: float(joule) for part, joule in bare.dynamic_energy.items()}
    total = sum(spent.values()) or 1.0
    working = float(bare.latency) / latency
    shares = {
        "overhead": 1.0 - working,
        "arithmetic": working * spent["arithmetic"] / total,
        "memory": working * spent["main_memory"] / total,
    }
    return {
        "throughput_seq_per_s": float(found.throughput),
        "energy_mj": float(found.energy) * 1e3,
        **shares,
        "bound": max(shares, key=lambda cause: shares[cause]),
    }
