"""Bars that say how far a search has come, where somebody sees them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from tqdm.auto import tqdm

from dse.arguments import flag

_BRIEF = 2.0  # seconds of a search that shows none
_MANY = 10_000
_IN_NOTEBOOK = any("notebook" in kind.__module__ for kind in tqdm.__mro__)


def progress_bar(
    wanted: bool,
    *,
    unit: str,
    total: int | None = None,
    initial: int = 0,
    over: Sequence[Any] | None = None,
) -> tqdm:
    """Return a bar on a terminal or in a notebook; a pipe or a file gets none.

    It counts to a `total`, where that is known, from what is there already, or the
    items `over` which it goes; large numbers in thousands.
    """
    seen = flag("progress", wanted) and (_IN_NOTEBOOK or sys.stderr.isatty())
    total = total if over is None else len(over)
    return tqdm(
        over,
        total=total,
        initial=initial,
        unit=unit,
        unit_scale=total is None or total >= _MANY,
        disable=not seen,
        delay=_BRIEF,
    )
