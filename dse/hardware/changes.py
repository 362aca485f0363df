"""Single numbers of a technology, changed by key: in its unit, within what it can be.

What is derived from a changed number in a parameter file follows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jax
import numpy as np

from dse.errors import InputError
from dse.expressions import evaluate_expression
from dse.hardware.parameters import load_parameters
from dse.hardware.provenance import Parameter, derived_from, why_impossible
from dse.records import Quantity
from dse.units import from_si, measures, parse_quantity, si_unit


def check_changed(
    files: tuple[str, ...], old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, Any]:
    """Return numbers in SI; a text is read with its unit.

    Raises `InputError` for what is no number, has another kind of unit, or cannot be.
    """
    return {key: _checked(files, key, old[key], value) for key, value in new.items()}


def with_derived(
    files: tuple[str, ...], values: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all values with some of them changed, and what is derived from these.

    A derived number changes by the factor by which its expression does, so that one
    that was scaled to another node stays scaled.
    """
    changed = {**values, **new}
    for prefix in _prefixes(files, new):
        moved = {k.removeprefix(prefix) for k in new if k.startswith(prefix)}
        own = {key: e for key, e in _entries(files).items() if prefix + key in values}
        before = {key: values[prefix + key] for key in own}
        after = {key: changed[prefix + key] for key in own}
        for key, expression in derived_from(own, moved):
            old = evaluate_expression(expression, before)
            now = evaluate_expression(expression, after)
            is_zero = isinstance(old, float) and old == 0.0
            after[key] = now if is_zero else before[key] * (now / old)
            changed[prefix + key] = after[key]
    return changed


def described(files: tuple[str, ...], new: Mapping[str, Any]) -> str:
    """Return changed numbers in words: `clock.frequency 1000 MHz`."""
    said = []
    for key, value in new.items():
        if isinstance(value, str):
            said.append(f"{key} {value.strip()}")
        elif np.ndim(value) == 0 and not isinstance(value, jax.core.Tracer):
            unit = _unit(_entry(files, key))
            shown = f"{from_si(float(value), unit):.6g} {unit.replace('1', '')}"
            said.append(f"{key} {shown}".strip())
    return ", ".join(said)


def _checked(files: tuple[str, ...], key: str, old: Any, value: Any) -> Any:
    if isinstance(value, jax.core.Tracer):
        return value
    entry = _entry(files, key)
    unit = _unit(entry)
    if isinstance(value, str):
        needs_none = measures(unit) == "number" and value.strip()[-1:].isdigit()
        try:
            value = parse_quantity(f"{value} 1" if needs_none else value, unit)
        except InputError as error:
            raise InputError(f"`{key}`: {error}") from None
    place = f"`{key}`"
    taken = Quantity(si_unit(unit), key, low=-np.inf).take(place, value)
    impossible = why_impossible(key, unit, taken, old)
    if impossible:
        raise InputError(f"{place} {impossible}")
    return taken


def _unit(entry: Parameter | None) -> str:
    return "1" if entry is None else entry.unit


def _entry(files: tuple[str, ...], key: str) -> Parameter | None:
    """Return what files say of a key, which may be that of a part, as `host.…`."""
    entries = _entries(files)
    return entries.get(key, entries.get(key.partition(".")[2]))


@cache
def _entries(files: tuple[str, ...]) -> dict[str, Parameter]:
    return {k: e for file in files for k, e in load_parameters(file).entries.items()}


def _prefixes(files: tuple[str, ...], keys: Mapping[str, Any]) -> list[str]:
    """Return before which prefixes changed keys of files stand: '', or `host.`."""
    entries = _entries(files)
    found = ("" if key in entries else key.split(".")[0] + "." for key in keys)
    return list(dict.fromkeys(found))
