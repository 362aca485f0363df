"""What calls are given, checked before anything is made of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from types import NoneType
from typing import Any

import numpy as np

from dse.errors import InputError, check_kind, did_you_mean, quoted

BLOCK_SIZE = 2**20  # designs searched at once, where a call names no other size
MOST_ROWS = 10_000_000  # held in memory at once, in some 3 GB


def texts(name: str, given: Iterable[str], example: str) -> tuple[str, ...]:
    """Return several texts; raise `InputError` for one alone, or for other things."""
    wanted = f"a list of texts, as [{example!r}]"
    found = several(name, given, wanted)
    for each in found:
        check_kind(f"one of `{name}`", each, str, wanted)
    return found


def several(name: str, given: Any, wanted: str) -> tuple[Any, ...]:
    """Return the things of a list; raise `InputError` for one alone."""
    if not isinstance(given, str | bytes):
        with suppress(TypeError):  # of one number, even in an array
            return tuple(given)
    raise InputError(f"`{name}` is {quoted(given)}; give {wanted}.")


def one_of(name: str, value: Any, known: Collection[str]) -> str:
    """Return one of a few words; raise `InputError` for others."""
    check_kind(f"`{name}`", value, str, f"one of {', '.join(known)}")
    if value not in known:
        raise InputError(f"`{name}` is {quoted(value)}.{did_you_mean(value, known)}")
    return str(value)


def flag(name: str, value: Any) -> bool:
    """Return True or False; raise `InputError` for others, as "no", which is true."""
    check_kind(f"`{name}`", value, (bool, np.bool_), "True or False")
    return bool(value)


def named_machines(name: str, given: Any) -> dict[str, Any]:
    """Return machines by name; raise `InputError` for other things."""
    wanted = "machines by name, as {'server': dse.TileEngine.server()}"
    check_kind(f"`{name}`", given, (Mapping, NoneType), wanted)
    return dict(given or {})


def count(name: str, value: Any, *, least: int = 1, most: int = 10**9) -> int:
    """Return a whole number; raise `InputError` for others."""
    wanted = f"a whole number from {least} to {most:,}"
    check_kind(f"`{name}`", value, (int, np.integer), wanted)
    if not least <= value <= most:
        raise InputError(f"`{name}` is {quoted(value)}; give {wanted}.")
    return int(value)
