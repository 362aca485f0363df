"""What one op asks of one machine: time on its ports and units, and energy."""

from __future__ import annotations

from typing import Any

from dse.records import Record, quantity, record, static


@record
class Stage(Record):
    """One op on one machine; every number is a scalar, `vmap` adds designs.

    Times are cycles of the machine's clock. `dynamic` and `busy` hold one entry for each
    component of the machine: energy spent by working, and cycles x units spent working
    (what leakage of power-gated parts is counted from).
    """

    unit: str = static("name of the compute unit that works; '' where none does")
    load: Any = quantity("cycle", "the main-memory port is busy")
    compute: Any = quantity("cycle", "from the first issue to the last result")
    store: Any = quantity("cycle", "the store port is busy")
    prefetch: Any = quantity("1", "share of the load that fits beside the op before it")
    dynamic: dict[str, Any]
    busy: dict[str, Any]
