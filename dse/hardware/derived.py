"""What follows from a number of a parameter file, by the expressions of that file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from dse.errors import InputError
from dse.expressions import names_in
from dse.hardware.provenance import Parameter


def derived_from(
    entries: Mapping[str, Parameter], keys: Collection[str]
) -> list[tuple[str, str]]:
    """Return what follows from some keys, each after all that it is derived from.

    As pairs of a key and its expression. Raises `InputError` for a circle.
    """
    texts = {
        key: entry.expression
        for key, entry in entries.items()
        if entry.expression and key not in keys
    }
    needed = {key: names_in(text) for key, text in texts.items()}
    try:
        ordered = list(TopologicalSorter(needed).static_order())
    except CycleError as error:
        circle = ", ".join(f"`{key}`" for key in error.args[1])
        raise InputError(f"{circle} are derived in a circle; break it.") from None
    moved, found = set(keys), []
    for key in ordered:
        if key in texts and needed[key] & moved:
            moved.add(key)
            found.append((key, texts[key]))
    return found
