"""What prints as a short table, in text and in notebooks; `dse.show` knows how.

What is shown stands below the floor that shows it, so that floor is looked up by its
name when something is first printed.
"""

from __future__ import annotations

import importlib
from typing import Protocol


class Printed(Protocol):
    """Tables that print themselves, in text and in notebooks."""

    @property
    def text(self) -> str:
        """The tables as a terminal shows them."""

    @property
    def html(self) -> str:
        """The same as a page shows them."""


class Shown:
    """Base of what prints as tables."""

    def __repr__(self) -> str:
        return shown("tables_of", self).text

    def _repr_html_(self) -> str:
        return shown("tables_of", self).html


def shown(how: str, given: object) -> Printed:
    """Return what a function of `dse.show.printed` makes of something."""
    found: Printed = getattr(importlib.import_module("dse.show.printed"), how)(given)
    return found
