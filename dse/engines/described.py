"""Machines that stand in parameter files: fields of a design by their names."""

from __future__ import annotations

from collections.abc import Iterable

from dse.arrays import Number
from dse.engines.base import Engine
from dse.hardware.technology import Technology
from dse.units import to_si

# Of the numbers that a file gives a machine, those that a design must still have to be
# taken for it; the others were changed by whoever uses it.
ALIKE = 0.5


def described_fields(
    engine: type[Engine], technology: Technology, name: str
) -> dict[str, Number]:
    """Return the fields of an engine that stand as `name.field` in a parameter file.

    Values are in the units of the fields; they may be draws, as arrays, or tracers.
    """
    fields: dict[str, Number] = {}
    for field, meaning in engine.quantities().items():
        value = technology.values.get(f"{name}.{field}")
        if value is not None:
            unit = meaning.unit
            fields[field] = value if unit == "1" else value / to_si(1.0, unit)
    return fields


def described_as(
    engine: Engine, technology: Technology, names: Iterable[str]
) -> dict[str, str]:
    """Return under which key of a parameter file each field of a machine stands.

    The machine is the one of the file, among those named, most of whose numbers it has;
    fields that it has not from there are left out. Empty for a machine of one's own.
    """
    found: dict[str, str] = {}
    for name in names:
        there = described_fields(type(engine), technology, name)
        alike = [f for f, value in there.items() if getattr(engine, f) == value]
        if len(alike) > max(len(found), ALIKE * len(there)):
            found = {field: f"{name}.{field}" for field in alike}
    return found
