"""Figures for papers: a width in inches, and the size of type that goes with it."""

from __future__ import annotations

from typing import Any

from dse.errors import InputError, check_kind, quoted
from dse.show.style import FONT_SIZE, Drawing

PIXELS = 96.0  # of an inch
COLUMN = 4.5  # inches; a narrower figure stands in one column of a paper
_TYPE = 8.0 / 72.0 * PIXELS  # 8 points
_LEAST, _MOST = 2.0, 40.0


def check_width(width: float | None) -> None:
    """Raise `InputError` for a width that no paper has."""
    if width is None:
        return
    wanted = f"inches from {_LEAST:g} to {_MOST:g}, as 3.3 for a column"
    check_kind("`width`", width, (int, float), wanted)
    if not _LEAST <= width <= _MOST:
        raise InputError(f"`width` is {quoted(width)}; give {wanted}.")


def is_column(width: float | None) -> bool:
    """Return whether a figure has a column's room alone."""
    return width is not None and width < COLUMN


def on_paper(drawing: Drawing, width: float | None) -> Drawing:
    """Return a figure of a width in inches in type of 8 points; as it is for None."""
    if width is None:
        return drawing
    sized: Drawing = _smaller(drawing)
    own = {"width": round(PIXELS * width), "autosize": False}
    return {**sized, "layout": {**sized["layout"], **own}}


def _smaller(part: Any, key: str = "") -> Any:
    """Return a part of a figure with all its type set smaller."""
    if isinstance(part, dict):
        found = {name: _smaller(value, name) for name, value in part.items()}
        if key.endswith("font") and "size" in found:
            found["size"] = found["size"] * _TYPE / FONT_SIZE
        return found
    if isinstance(part, list):
        return [_smaller(each, key) for each in part]
    return part
