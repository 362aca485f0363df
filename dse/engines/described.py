"""Machines that stand in parameter files: fields of a design by their names."""

from __future__ import annotations

from typing import Any

from dse.engines.base import Engine
from dse.hardware.technology import Technology
from dse.units import from_si


def described_fields(
    engine: type[Engine], technology: Technology, name: str
) -> dict[str, Any]:
    """Return the fields of an engine that stand as `name.field` in a parameter file.

    Values are in the units of the fields; they may be draws, as arrays, or tracers.
    """
    fields = {}
    for field, meaning in engine.quantities().items():
        value = technology.values.get(f"{name}.{field}")
        if value is not None:
            unit = meaning.unit
            fields[field] = value if unit == "1" else from_si(value, unit)
    return fields
