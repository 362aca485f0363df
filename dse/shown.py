"""What prints as a short table, in text and in notebooks; `dse.show` knows how.

What is shown stands below the floor that shows it, so that floor is looked up by its
name when something is first printed.
"""

from __future__ import annotations

import importlib
from typing import Any


class Shown:
    """Base of what prints as tables."""

    def __repr__(self) -> str:
        return str(shown("tables_of", self).text)

    def _repr_html_(self) -> str:
        return str(shown("tables_of", self).html)


def shown(how: str, given: Any) -> Any:
    """Return what a function of `dse.show.printed` makes of something."""
    return getattr(importlib.import_module("dse.show.printed"), how)(given)
