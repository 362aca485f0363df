"""Curves joined from pieces, without looking up which piece a number lies in.

A curve is its first value and what each piece adds, up to the share of the piece that
lies below x. That is a sum, whatever x is: it is done for many numbers at once, and has
a slope.
"""

from __future__ import annotations

from jax import Array

from dse.arrays import Column, Values, array_namespace


def covered(x: Values, knots: Column) -> Column:
    """Return the share of each piece between knots that lies below x: 0 to 1.

    `x` `[...]`, `knots` `[k]`, not falling; the result is `[..., k - 1]`. A knot
    belongs to the piece that begins there, the last one to the last piece.
    """
    xp = array_namespace(x, knots)
    places = xp.asarray(x)[..., None]
    ends = xp.asarray(knots).reshape((1,) * (places.ndim - 1) + (-1,))
    start, end = ends[..., :-1], ends[..., 1:]
    width = xp.where(end > start, end - start, 1.0)
    passed = (places >= end) & ((places > end) | (end < ends[..., -1:]))
    inside = xp.where(places < start, 0.0, (places - start) / width)
    share: Column = xp.where(passed, 1.0, inside)
    return share


def interpolate(x: Values, knots: Column, values: Column) -> Array:
    """Return the straight lines through (knot, value) pairs at x; level past the ends.

    As `numpy.interp`: `x` `[...]`, `knots` `[k]` not falling, `values` `[k]`; the
    result is `[...]`, in the units of the values.
    """
    xp = array_namespace(x, knots, values)
    rise = xp.diff(xp.asarray(values))
    share = covered(x, knots)
    rises = rise.reshape((1,) * (share.ndim - 1) + (-1,))
    found: Array = xp.asarray(values)[0] + (share * rises).sum(axis=-1)
    return found
