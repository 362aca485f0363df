"""Curves joined from pieces, without looking up which piece a number lies in.

A curve is its first value and what each piece adds, up to the share of the piece that
lies below x. That is a sum, whatever x is: it is done for many numbers at once, and has
a slope.
"""

from __future__ import annotations

from typing import Any

from dse.arrays import array_namespace


def covered(x: Any, knots: Any) -> Any:
    """Return the share of each piece between knots that lies below x: 0 to 1.

    `x` `[...]`, `knots` `[k]`, not falling; the result is `[..., k - 1]`. A knot
    belongs to the piece that begins there, the last one to the last piece.
    """
    xp = array_namespace(x, knots)
    x, knots = xp.asarray(x)[..., None], xp.asarray(knots)
    knots = knots.reshape((1,) * (x.ndim - 1) + (-1,))
    start, end = knots[..., :-1], knots[..., 1:]
    width = xp.where(end > start, end - start, 1.0)
    passed = (x >= end) & ((x > end) | (end < knots[..., -1:]))
    return xp.where(passed, 1.0, xp.where(x < start, 0.0, (x - start) / width))


def interpolate(x: Any, knots: Any, values: Any) -> Any:
    """Return the straight lines through (knot, value) pairs at x; level past the ends.

    As `numpy.interp`: `x` `[...]`, `knots` `[k]` not falling, `values` `[k]`; the
    result is `[...]`, in the units of the values.
    """
    xp = array_namespace(x, knots, values)
    rise = xp.diff(xp.asarray(values))
    share = covered(x, knots)
    rises = rise.reshape((1,) * (share.ndim - 1) + (-1,))
    return xp.asarray(values)[0] + (share * rises).sum(axis=-1)
