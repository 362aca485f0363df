"""What `dse` says when it is given something it cannot use."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: the message names the place, what was wrong there and what to do.

    The command line prints the message alone and exits with code 2.
    """


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ' Did you mean `x`?' for the closest known name, or the whole list."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f" Did you mean `{close[0]}`?"
    return f" Known: {', '.join(known)}."
