"""Starts: points spread evenly over every axis, the base design among them."""

from __future__ import annotations

import jax
import numpy as np

from dse.arrays import Rows
from dse.tuning.coordinates import Coordinate, Coordinates


def spread(axes: Coordinates, count: int, key: jax.Array) -> Rows:
    """Return shares of numbers and positions of labels, `[starts, axes]`.

    A Latin hypercube: along each axis every start has a slice of its own, and every
    label comes equally often. The first start is the base design, moved into its axes.
    """
    random = np.random.default_rng(np.asarray(jax.random.key_data(key), np.uint32))
    shares = np.stack([_column(axis, count, random) for axis in axes.all], axis=1)
    shares[0] = [_of_base(axes, axis) for axis in axes.all]
    return shares


def rounded(axes: Coordinates, shares: Rows) -> Rows:
    """Return the points of the grid nearest to shares `[starts, axes]`."""
    columns = [axis.nearest(shares[:, i]) for i, axis in enumerate(axes.all)]
    return np.stack(columns, axis=1)


def _column(axis: Coordinate, count: int, random: np.random.Generator) -> Rows:
    slices = random.permutation(count)
    if axis.kind == "labels":
        return (slices % len(axis.values)).astype(float)
    return np.asarray((slices + random.uniform(size=count)) / count)


def _of_base(axes: Coordinates, axis: Coordinate) -> float:
    """Return where the base design stands on an axis; its middle for a workload's."""
    prefix = max((p for p in axes.spaces if axis.name.startswith(p)), key=len)
    name, design = axis.name.removeprefix(prefix), axes.spaces[prefix].design
    if name not in design.meanings():
        return 0.0 if axis.kind == "labels" else 0.5
    return axis.place(float(design.number(name)))
