"""The best of all 9.3e12 designs, by bounds: sparser is never slower, never dearer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import dse

AT_ONCE = 2**20
Rows = np.ndarray[Any, Any]


def layer_axes(space: dse.Space) -> list[str]:
    """Return the names of the thresholds, in the order of layers."""
    return [name for name in space.names if name.startswith("threshold.")]


def chips_of(space: dse.Space) -> dse.Space:
    """Return the space without its thresholds."""
    axes = {n: axis for n, axis in space.axes.items() if n not in layer_axes(space)}
    return dse.Space(space.design, legal=space.legal, **axes, **space.tied)


def longest(study: dse.Study, floor: float) -> Rows:
    """Return the thresholds `[n, layers]` within a loss of which none can be raised."""
    loss = study.suite[0][0].curve.layer_loss
    values = np.asarray(study.space.values(layer_axes(study.space)[0]))
    lost = np.stack([loss.alone(value) for value in values], axis=1)  # [layers, k]
    places = np.asarray(list(itertools.product(range(len(values)), repeat=len(lost))))
    layers = np.arange(len(lost))
    allowed = lost[layers, places].sum(axis=1) <= floor
    within = {tuple(row) for row in places[allowed].tolist()}
    raised = np.eye(len(lost), dtype=int)
    kept = [
        row
        for row in places[allowed]
        if not any(tuple(more) in within for more in (row + raised).tolist())
    ]
    return np.asarray(values[np.asarray(kept)])


def costs(study: dse.Study, chips: Rows, thresholds: Rows, area: float) -> Rows:
    """Return energy-delay in J s of chips, each at its thresholds; inf if too large."""
    space, names = chips_of(study.space), layer_axes(study.space)
    columns = [*space.names, *space.tied, *names]
    model = dse.compile_model(
        space.design,
        study.suite[0][0],
        over=columns,
        technology=study.technology,
        precision="double",
    )
    found = []
    for start in range(0, len(chips), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        rows = thresholds if thresholds.ndim == 1 else thresholds[part].T
        told = model(space.decode(chips[part]) | dict(zip(names, rows, strict=True)))
        found.append(np.where(told["area"] <= area, told["energy_delay"], np.inf))
    return np.concatenate(found)


def best_of_all(
    study: dse.Study, known: float, *, floor: float, area: float
) -> tuple[float, int, Rows]:
    """Return the least energy-delay in J s, its chip and its thresholds.

    With every layer at the most that any assignment allows it, no chip can cost more
    than it does at one of them. What costs more than `known` even so is ruled out; the
    others are tried at all assignments of which no threshold can be raised.
    """
    rows = longest(study, floor)
    everyone = np.arange(chips_of(study.space).size)
    at_best = costs(study, everyone, rows.max(axis=0), area)
    chips = everyone[at_best <= known * (1.0 + 1e-9)]
    which, where = np.divmod(np.arange(len(chips) * len(rows)), len(rows))
    found = costs(study, chips[which], rows[where], area)
    best = int(np.argmin(found))
    return float(found[best]), int(chips[which[best]]), rows[where[best]]
