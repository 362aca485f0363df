"""What N:M weights cost in accuracy: points of a table, and lines between them.

No law is fitted: between the tabulated settings of one group size the drop is linear in
the density, between group sizes linear in log2 M, and beyond the last point it goes on
along the last line. A table says nothing about another model or task.
"""

from __future__ import annotations

import math
import re
from functools import cache

import jax.numpy as jnp
import numpy as np

from dse.arrays import Number
from dse.errors import InputError, did_you_mean
from dse.records import Record, record, static
from dse.shipped import hw_params_folder
from dse.sparsity.curve_file import read_curve_file
from dse.sparsity.curve_names import curve_names, curve_path
from dse.sparsity.loss import Loss, Subject
from dse.sparsity.pieces import interpolate
from dse.toml_file import read_toml

_FILE = "accuracy/nm_published.toml"


@record
class NMAccuracy(Record):
    """Accuracy lost by N:M weights, as (N, M, drop) points of one model and task.

    A drop is a share: 0.01 is a point below the dense model. Raises `InputError` for a
    table without points.
    """

    name: str = static("as in `bert-tiny/wordnet/sr_ste`")
    points: tuple[tuple[float, float, float], ...] = static("(N, M, drop)")
    subject: Subject = static("what it was measured on")
    spread: float = static("one standard deviation of a drop, a share", default=0.0)
    source: str = static("a key of references.bib")

    def __post_init__(self) -> None:
        if not self.points:
            raise InputError(f"accuracy table `{self.name}` has no points; give some.")

    def loss(self, kept: Number, group: Number) -> Loss:
        """Return what a setting loses; nothing where it is dense."""
        sparse = jnp.where(kept < group, 1.0, 0.0)
        return Loss(
            drop=self.drop(kept, group),
            spread=sparse * self.spread,
            at_stake=sparse,
            subject=self.subject,
        )

    def drop(self, kept: Number, group: Number) -> Number:
        """Return the drop of a setting, at least 0; 0 for dense. Scalars; unit: 1."""
        groups = sorted({m for _, m, _ in self.points})
        series = jnp.stack([self._series(m, kept / group) for m in groups])
        place = jnp.log2(jnp.asarray(group) * 1.0)
        found = interpolate(place, np.log2(groups), series)
        return jnp.where(kept < group, jnp.maximum(found, 0.0), 0.0)

    def _series(self, group: float, density: Number) -> Number:
        """Return the drop at a density along the settings of one group size."""
        points = [(n / m, drop) for n, m, drop in self.points if m == group]
        points = sorted([*points, (1.0, 0.0)])
        densities, drops = (np.asarray(column) for column in zip(*points, strict=True))
        slope = (drops[1] - drops[0]) / (densities[1] - densities[0])
        beyond = drops[0] + slope * (density - densities[0])
        inside = interpolate(density, densities, drops)
        return jnp.where(density < densities[0], beyond, inside)


@cache
def nm_accuracy(name: str) -> NMAccuracy:
    """Return what N:M weights cost by a table of that name.

    A published one of `hw_params/accuracy/nm_published.toml`, as `resnet-50`, or one
    measured here: the curves of a model, task and method, as
    `bert-tiny/wordnet/sr_ste`. Raises `InputError` for an unknown name.
    """
    measured = _measured()
    tables = read_toml(hw_params_folder() / _FILE).data
    if name in measured:
        return _from_curves(name, measured[name])
    if name not in tables:
        known = [*tables, *measured]
        raise InputError(
            f"`{name}` is not an accuracy table." + did_you_mean(name, known)
        )
    table = tables[name]
    points = tuple(
        (float(n), float(m), (table["dense"] - score) / 100.0)
        for n, m, score in table["points"]
    )
    dense = (table["dense_high"] - table["dense_low"]) / 100.0
    return NMAccuracy(
        name=name,
        points=points,
        subject=Subject(model=name, task=table["task"]),
        spread=dense / math.sqrt(12.0),  # of any score between the two
        source=table["source"],
    )


def _measured() -> dict[str, dict[float, str]]:
    """Return the curves of N:M weights: by model, task and method, then by M."""
    found: dict[str, dict[float, str]] = {}
    for curve in curve_names():
        if match := re.fullmatch(r"(.+)_m(\d+)", curve):
            found.setdefault(match[1], {})[float(match[2])] = curve
    return found


def _from_curves(name: str, curves: dict[float, str]) -> NMAccuracy:
    """Return the points of curves over the share N/M, one for each M."""
    points, spread = [], 0.0
    for group, curve in curves.items():
        file = read_curve_file(curve_path(curve))
        spread = max([spread, *file.curve.spread])
        knots = zip(file.curve.settings, file.curve.accuracy, strict=True)
        points += [
            (share * group, group, file.curve.dense_accuracy - accuracy)
            for share, accuracy in knots
            if share < 1.0
        ]
    about = file.about
    return NMAccuracy(
        name=name,
        points=tuple(points),
        subject=Subject(model=about.model, task=about.task, seq_len=about.seq_len),
        spread=spread,
        source=about.data_source,
    )
