"""From places in a plot to pixels on the screen, flat or seen by a camera."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dse.arrays import Rows


Size = tuple[float, float]  # pixels, right and down

_EYE = np.asarray([1.42, -1.58, 0.72])
_CENTER = np.asarray([0.0, 0.0, -0.14])
_HALF_ANGLE = math.tan(
    math.pi / 8
)  # Plotly's camera opens 45 degrees from top to bottom


def camera() -> dict[str, dict[str, float]]:
    """Return where Plotly's camera stands at first, and at what it looks."""
    ends = {"eye": _EYE, "center": _CENTER}
    return {
        name: dict(zip("xyz", map(float, at), strict=True)) for name, at in ends.items()
    }


def seen_flat(places: Rows, size: Size) -> Rows:
    """Return the pixels of places 0..1, right and up, `[points, 2]`."""
    return np.stack([places[:, 0] * size[0], (1.0 - places[:, 1]) * size[1]], axis=1)


def seen_by_camera(places: Rows, size: Size) -> Rows:
    """Return the pixels of places in a unit cube `[points, 3]` as the camera sees them.

    A pinhole: what lies at depth d appears at f/d of its distance from the axis of
    sight, with f half the height of the picture over the tangent of half the angle.
    """
    ahead = _CENTER - _EYE
    ahead = ahead / np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right = right / np.linalg.norm(right)
    up = np.cross(right, ahead)
    from_eye = places - 0.5 - _EYE
    focus = size[1] / 2.0 / _HALF_ANGLE / (from_eye @ ahead)
    x = size[0] / 2.0 + focus * (from_eye @ right)
    y = size[1] / 2.0 - focus * (from_eye @ up)
    return np.stack([x, y], axis=1)
