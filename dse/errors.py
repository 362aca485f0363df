"""What `dse` says when it is given something it cannot use."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_KNOWN = 40  # names that a message lists


class InputError(ValueError):
    """Bad input: the message names the place, what was wrong there and what to do.

    The command line prints the message alone and exits with code 2.
    """


def named(given: object) -> str:
    """Return what was given as a message names it: `'edge'`, or a `TileEngine`."""
    if isinstance(given, type):
        return f"the class `{given.__name__}`"
    if isinstance(given, str | int | float | None):
        return f"{given!r:.60}"
    return f"a `{type(given).__name__}`"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ' Did you mean `x`?' for the closest known name, or what is known."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f" Did you mean `{close[0]}`?"
    rest = f" and {len(known) - MOST_KNOWN} more" if len(known) > MOST_KNOWN else ""
    return f" Known: {', '.join(known[:MOST_KNOWN])}{rest}."
