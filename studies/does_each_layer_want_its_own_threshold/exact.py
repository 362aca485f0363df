"""The best of all 9.3e12 designs, by bounds: sparser layers never cost more."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

import dse
from dse.hardware.buildable import bounds

AT_ONCE = 2**20
ROUNDING = 1e-9  # of costs, which are summed in float64
TOLD_MM2 = 54.1  # of AccelTran-Edge as its publication counts
Rows = np.ndarray[Any, Any]


def as_told(study: dse.Study) -> tuple[dse.Study, float]:
    """Return the study as AccelTran's publication counts, and its area limit in m^2."""
    (edge,) = study.references.values()
    others = [limit for limit in study.limits if not limit.startswith("area")]
    limits = (*others, f"area <= {TOLD_MM2} mm^2")
    told = replace(study, technology=edge.published_technology(), limits=limits)
    return told, TOLD_MM2 * 1e-6


def layer_axes(space: dse.Space) -> list[str]:
    """Return the names of the thresholds, in the order of layers."""
    return [name for name in space.names if name.startswith("threshold.")]


def chips_of(space: dse.Space) -> dse.Space:
    """Return the space without its thresholds."""
    axes = {n: axis for n, axis in space.axes.items() if n not in layer_axes(space)}
    return dse.Space(space.design, legal=space.legal, **axes, **space.tied)


def allowed(study: dse.Study, floor: float) -> Rows:
    """Return all thresholds `[n, layers]` that lose at most a share of accuracy."""
    loss = study.suite[0][0].curve.layer_loss
    values = np.asarray(study.space.values(layer_axes(study.space)[0]))
    lost = np.stack([loss.alone(value) for value in values], axis=1)  # [layers, k]
    places = np.asarray(list(itertools.product(range(len(values)), repeat=len(lost))))
    within = lost[np.arange(len(lost)), places].sum(axis=1) <= floor
    return np.asarray(values[places[within]])


def costs(
    study: dse.Study, chips: Rows, thresholds: Rows, area: float, *, built: bool = False
) -> Rows:
    """Return energy-delay in J s of chips, each at its thresholds; inf if too large.

    Infinite also, if `built`, for what cannot be built.
    """
    limits = {b.metric: b.most for b in bounds()} if built else {}
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
        kept = told["area"] <= area
        for metric in limits.keys() & told.keys():
            kept &= told[metric] <= limits[metric]
        found.append(np.where(kept, told["energy_delay"], np.inf))
    return np.concatenate(found)


def best_of_all(
    study: dse.Study, known: float, *, floor: float, area: float
) -> tuple[float, int, Rows]:
    """Return the least energy-delay in J s, its chip and its thresholds.

    With every layer at the most that any assignment allows it, a chip costs no more
    than at any of them. What costs more than `known` even so is ruled out; the others
    are tried at all assignments.
    """
    rows = allowed(study, floor)
    everyone = np.arange(chips_of(study.space).size)
    at_most = costs(study, everyone, rows.max(axis=0), area)
    chips = everyone[at_most <= known * (1.0 + ROUNDING)]
    which, where = np.divmod(np.arange(len(chips) * len(rows)), len(rows))
    found = costs(study, chips[which], rows[where], area, built=True)
    best = int(np.argmin(found))
    return float(found[best]), int(chips[which[best]]), rows[where[best]]
