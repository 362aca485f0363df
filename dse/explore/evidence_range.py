"""How far a machine lies from those that its model was held against.

An engine names the published machines of which figures are known that nothing was
fitted to (`Engine.checked_on`). Between the least and the largest of each of their
fields, and of their nodes, the model is off by what was learned; beyond, by more.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from dse.engines.base import Engine
from dse.hardware.technology import Technology

Rows = np.ndarray[Any, Any]
NODE = "process node"


def octaves_beyond(
    design: Engine, technology: Technology, moved: Mapping[str, Any] | None = None
) -> dict[str, Rows]:
    """Return by how many factors of 2 each field lies beyond those of the evidence.

    By the name of the field, and of the process node in nm; only those that lie beyond.
    `moved` are fields that differ from design to design, `[designs]`. Empty for engines
    without evidence of their own, whose error is borrowed.
    """
    kind: Any = type(design)
    values: dict[str, Any] = {}
    for name in _evidence(kind):
        own = (moved or {}).get(name)
        if name == NODE:
            values[name] = technology.nodes_nm()
        else:
            values[name] = design.number(name) if own is None else own
    found = {}
    for name, (low, high) in _evidence(kind).items():
        if not isinstance(values[name], dict | None):
            value = np.atleast_1d(np.asarray(values[name], float))
            below = np.log2(low / np.maximum(value, low * 1e-9))
            above = np.log2(np.maximum(value, low * 1e-9) / high)
            out = np.maximum(np.maximum(below, above), 0.0)
            if out.any():
                found[name] = out
    return found


def farthest(beyond: Mapping[str, Rows]) -> Rows:
    """Return the largest of these for each design, `[designs]`, or 0 for all."""
    if not beyond:
        return np.zeros(1)
    together = np.broadcast_arrays(*beyond.values())
    return np.asarray(np.max(together, axis=0))


@lru_cache(None)
def _evidence(engine: Any) -> dict[str, tuple[float, float]]:
    """Return the ends of every field of the machines of an engine with evidence.

    Fields that are chosen from a list, or that some machine has none of, are left out.
    """
    machines = [getattr(engine, name)() for name in engine.checked_on]
    found = {}
    for name, meaning in engine.quantities().items() if machines else ():
        values = [float(machine.number(name)) for machine in machines]
        if not meaning.choices and min(values) > 0.0:
            found[name] = (min(values), max(values))
    nodes = [machine.published_technology().nodes_nm() for machine in machines]
    known = [node for node in nodes if isinstance(node, float)]
    if known:
        found[NODE] = (min(known), max(known))
    return found
