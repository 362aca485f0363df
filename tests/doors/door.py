"""The doors of `dse`: every way in for something of the user's, with its own judge.

A door opens one input that a seed has drawn. What it lets in must make sense: finite,
positive, conserved, and what was asked for. What it refuses, it refuses with
`InputError`, which says where, what and what to do.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.doors.mutations import changed_text, changed_tree

Draw = random.Random
Open = Callable[[], Any]
Door = Callable[[Draw, Path], Open]
DOORS: dict[str, Door] = {}


def door(function: Door) -> Door:
    """Add a way in to those that are tried."""
    DOORS[function.__name__] = function
    return function


def is_number(value: Any, low: float = 0.0, high: float = math.inf) -> bool:
    """Whether all of a value is finite and inside a range."""
    numbers = np.asarray(value, float)
    return bool((np.isfinite(numbers) & (numbers >= low) & (numbers <= high)).all())


def write_changed(
    draw: Draw, path: Path, tree: Any, as_text: Callable[[Any], str]
) -> Path:
    """Write a changed tree, or its text with changes that leave no tree."""
    if draw.random() < 0.75:
        data = as_text(changed_tree(draw, tree)).encode(errors="replace")
    else:
        data = changed_text(draw, as_text(tree))
    path.write_bytes(data)
    return path
