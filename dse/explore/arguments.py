"""What calls are given, checked before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from dse.errors import InputError, check_kind, quoted

BLOCK_SIZE = 2**20  # designs searched at once, where a call names no other size


def texts(name: str, given: Iterable[str], example: str) -> tuple[str, ...]:
    """Return several texts; raise `InputError` for one alone, or for other things."""
    wanted = f"a list of texts, as [{example!r}]"
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InputError(f"`{name}` is {quoted(given)}; give {wanted}.")
    found = tuple(given)
    for each in found:
        check_kind(f"one of `{name}`", each, str, wanted)
    return found


def count(name: str, value: Any, *, least: int = 1, most: int = 10**9) -> int:
    """Return a whole number; raise `InputError` for others."""
    wanted = f"a whole number from {least} to {most:,}"
    check_kind(f"`{name}`", value, (int, np.integer), wanted)
    if not least <= value <= most:
        raise InputError(f"`{name}` is {quoted(value)}; give {wanted}.")
    return int(value)
