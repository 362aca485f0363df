"""Monotone curves: a cubic through points that never overshoots, and the fit before it.

A measured curve of a quantity that can only fall still rises here and there, by chance.
`isotonic` takes the rises out; `pchip` then joins the points smoothly, so that a
gradient through the curve has the right sign everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from dse.arrays import Column, Rows, Values, array_namespace
from dse.sparsity.pieces import covered


def pchip(x: Values, knots: Column, values: Column) -> Array:
    """Return the monotone cubic through (knot, value) pairs at x; level past the ends.

    Between knots a Hermite cubic whose slope at each knot is the weighted harmonic mean
    of the slopes beside it, 0 at a turning point. It is worked out as the first value
    and what each piece adds, up to the share of it that lies below x, so that nothing
    is looked up. `x` scalar, `knots` `[k]` rising, k >= 2, `values` `[..., k]`; the
    result is `[...]`, in the units of the values. With values `[k]`, x may be `[n]`.
    Source: fritsch1984local (slopes inside), moler2004numerical (at the ends).
    """
    xp = array_namespace(knots, values)
    knots, values = xp.asarray(knots), xp.asarray(values)
    slopes = _slopes(knots, values)
    rise, width = xp.diff(values, axis=-1), _row(xp.diff(knots), values)
    first, last = slopes[..., :-1] * width, slopes[..., 1:] * width
    low, high = values.min(axis=-1), values.max(axis=-1)
    xp = array_namespace(x, knots, values)
    share = covered(x, knots)
    share = share if values.ndim == 1 else _row(share, values)
    added = share * (
        first
        + share
        * ((3.0 * rise - 2.0 * first - last) + share * (first + last - 2.0 * rise))
    )
    found = values[..., 0] + added.sum(axis=-1)
    # A rounding error must not carry the sum past the ends.
    bounded: Array = xp.where(found < low, low, xp.where(found > high, high, found))
    return bounded


def _row(along: Any, values: Any) -> Any:
    """Return numbers `[k]` in the shape to stand beside values `[..., k]`."""
    return along.reshape((1,) * (values.ndim - 1) + (-1,))


def _slopes(knots: Column, values: Column) -> Any:
    """Return the slope of the curve at each knot, `[..., k]`."""
    xp = array_namespace(knots, values)
    width = _row(xp.diff(knots), values)
    chord = xp.diff(values, axis=-1) / width
    if knots.shape[0] == 2:
        return xp.concatenate([chord, chord], axis=-1)
    before, after = chord[..., :-1], chord[..., 1:]
    near = 2.0 * width[..., 1:] + width[..., :-1]
    far = width[..., 1:] + 2.0 * width[..., :-1]
    same_way = before * after > 0
    some = xp.where(same_way, before, 1.0), xp.where(same_way, after, 1.0)
    mean = (near + far) / (near / some[0] + far / some[1])
    inside = xp.where(same_way, mean, 0.0)
    first = _end_slope(width[..., :2], chord[..., :2])
    last = _end_slope(width[..., :-3:-1], chord[..., :-3:-1])
    return xp.concatenate([first, inside, last], axis=-1)


def _end_slope(width: Array, chord: Array) -> Any:
    """Return the slope at an end from the two pieces next to it, nearest first.

    That of a parabola through three points, held back where it would overshoot.
    """
    xp = array_namespace(width, chord)
    near, far = width[..., :1], width[..., 1:]
    steepness, next_one = chord[..., :1], chord[..., 1:]
    slope = ((2.0 * near + far) * steepness - near * next_one) / (near + far)
    steep = (steepness * next_one <= 0) & (xp.abs(slope) > 3.0 * xp.abs(steepness))
    held = xp.where(steep, 3.0 * steepness, slope)
    return xp.where(slope * steepness <= 0, 0.0, held)


def isotonic(values: ArrayLike, *, rising: bool) -> Rows:
    """Return the closest values, by squares, that only rise (or only fall).

    Neighbours in the wrong order are replaced by their mean until none are left (pool
    adjacent violators). `[..., k]` to `[..., k]`, each row alone.
    """
    given = np.asarray(values, float)
    rows = given.reshape(-1, given.shape[-1])
    fitted = [_pool(row) if rising else -_pool(-row) for row in rows]
    return np.asarray(fitted).reshape(given.shape)


def _pool(row: Rows) -> Rows:
    means: list[float] = []
    counts: list[int] = []
    for value in row:
        means.append(float(value))
        counts.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            last, count = means.pop(), counts.pop()
            joined = counts[-1] + count
            means[-1] = (means[-1] * counts[-1] + last * count) / joined
            counts[-1] = joined
    return np.repeat(means, counts)
