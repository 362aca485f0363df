"""How far a machine lies from those that its model was held against.

An engine names the published machines of which figures are known that nothing was
fitted to (`Engine.checked_on`), and what they ran (`Engine.checked_at`). Between the
least and the largest of each of their fields, of their nodes, and of what was run, the
model is off by what was learned; beyond, by more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.engines.base import Engine, describe_run
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

NODE = "process node"


def octaves_beyond(
    design: Engine,
    technology: Technology,
    runs: Sequence[Workload],
    moved: Mapping[str, Any] | None = None,
) -> dict[str, Rows]:
    """Return by how many factors of 2 each field lies beyond those of the evidence.

    By the name of the field, of the process node in nm, and of what is run, the
    farthest of some `runs`; only those that lie beyond. `moved` are fields that differ
    from design to design, `[designs]`. Empty for engines without evidence of their own,
    whose error is borrowed.
    """
    kind: Any = type(design)
    values: dict[str, Any] = {}
    for name in _evidence(kind):
        own = (moved or {}).get(name)
        if name == NODE:
            values[name] = technology.nodes_nm()
        else:
            values[name] = design.number(name) if own is None else own
    found = {
        name: _octaves(values[name], ends)
        for name, ends in _evidence(kind).items()
        if not isinstance(values[name], dict | None)
    }
    asked = [run_of(workload) for workload in runs]
    found |= {
        name: np.max([_octaves(run[name], ends) for run in asked], axis=0)
        for name, ends in kind.checked_at.items()
        if asked
    }
    return {name: out for name, out in found.items() if out.any()}


def _octaves(value: Any, ends: tuple[float, float]) -> Rows:
    """Return by how many factors of 2 values lie outside of two ends."""
    low, high = ends
    known = np.maximum(np.atleast_1d(np.asarray(value, float)), low * 1e-9)
    return np.asarray(
        np.maximum(np.maximum(np.log2(low / known), np.log2(known / high)), 0.0)
    )


def run_of(workload: Workload) -> dict[str, float]:
    """Return what a workload is like where evidence may lie elsewhere, by name.

    Tokens of the longest sequence or context, the mean density of what weights are
    multiplied by, and the share of query-key pairs that is kept.
    """
    parts = [workload, *(step.workload for step in workload.steps)]
    ops = [block.ops for part in parts for block in part.blocks]
    weighted = [
        float(np.mean(density))
        for some in ops
        for density, weights in zip(
            np.atleast_2d(np.asarray(some.input_density)).T, some.weights, strict=True
        )
        if weights > 0
    ]
    return {
        "sequence length": float(max(part.seq_len for part in parts)),
        "density of activations": float(np.mean(weighted)) if weighted else 1.0,
        "share of pairs kept": float(describe_run(workload).kept_pairs),
    }


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
