"""One number with its provenance: what it is, in which unit, and who says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import (
    ConfigDict,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dse.errors import InputError, did_you_mean
from dse.expressions import names_in
from dse.toml_file import Table, entry, faults_of
from dse.units import from_si, measures, to_si


class Parameter(Table):
    """A number of `hw_params/` as its TOML table states it."""

    model_config = ConfigDict(strict=True)
    unknown: ClassVar[str] = "says nothing about a parameter; remove it."

    value: float = entry("a number, in `unit`", 20.0, "that of `unit`")
    unit: str = entry("a unit such as 'um^2', 'nJ' or '1'", "mW/MiB")
    status: Literal["quoted", "derived", "fitted", "assumed"] = entry(
        "'quoted', 'derived', 'fitted' or 'assumed'", "assumed"
    )
    source: str = entry("a key of references.bib", "tuli2023acceltran")
    where: str = entry("the place in the source, in words", "table III", min_length=1)
    low: float | None = entry(
        "the least it may be, in `unit`", 10.0, "that of `unit`", default=None
    )
    high: float | None = entry(
        "the most it may be, in `unit`", 40.0, "that of `unit`", default=None
    )
    expression: str | None = entry(
        "arithmetic over other keys, in SI", "2 * buffer.leakage_power", default=None
    )
    fitted_to: str | None = entry(
        "the data it was fitted to", "figure 9, power at 700 MHz", default=None
    )
    why: str | None = entry(
        "why this value was assumed", "a library that leaks less", default=None
    )

    @property
    def value_si(self) -> float:
        """The value in SI."""
        return to_si(self.value, self.unit)

    @field_validator("unit")
    @classmethod
    def _unit_is_known(cls, unit: str) -> str:
        measures(unit)
        return unit

    @field_validator("source")
    @classmethod
    def _source_is_known(cls, source: str, info: ValidationInfo) -> str:
        known: Collection[str] = (info.context or {}).get("sources", (source,))
        if source not in known:
            raise InputError(
                f"source `{source:.60}` is not in references.bib; add its entry to a "
                "references.bib beside this file." + did_you_mean(source, known)
            )
        return source

    @model_validator(mode="after")
    def _status_is_backed(self) -> Self:
        needed = {
            "quoted": (),
            "derived": ("expression",),
            "fitted": ("fitted_to",),
            "assumed": ("why", "low", "high"),
        }[self.status]
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            wanted = " and ".join(f"`{name}`" for name in missing)
            raise InputError(f"a value that is {self.status} needs {wanted}; add it.")
        return self

    @model_validator(mode="after")
    def _value_is_in_range(self) -> Self:
        below = self.low is not None and self.value < self.low
        above = self.high is not None and self.value > self.high
        if below or above:
            low, high = ("" if x is None else f"{x:g}" for x in (self.low, self.high))
            raise InputError(
                f"value {self.value:g} {self.unit} is outside its range {low} to "
                f"{high} {self.unit}; correct the value, or `low` and `high`."
            )
        return self


# What cannot be 0 either: something is divided by it.
_ABOVE_ZERO = ("frequency", "bandwidth", "rate", "length", "voltage", "temperature")
_SHARES = ("share", "utilization", "efficiency")


def why_impossible(key: str, unit: str, values: Any, old: Any = None) -> str:
    """Say why a number, or one of an array, cannot be what its key and unit say.

    '' where it can. `old` is a number that it stands in for, if any: what is below 0
    there may be so here.
    """
    kind, least, most = measures(unit), np.min(values), np.max(values)
    words = key.rpartition(".")[2].split("_")
    if kind in _ABOVE_ZERO and least <= 0:
        return f"is {from_si(least, unit):g} {unit}; give a {kind} above 0."
    if kind != "number" and least < 0:
        return f"is {from_si(least, unit):g} {unit}; give a number of at least 0."
    if not 0 <= least <= most <= 1 and any(word in _SHARES for word in words):
        return f"is {least if least < 0 else most:g}; give a share from 0 to 1."
    if least < 0 and old is not None and np.min(old) >= 0:
        return f"is {least:g}; give a number of at least 0."
    return ""


def read_parameter(
    table: Mapping[str, Any], sources: Collection[str]
) -> Parameter | list[tuple[str, str]]:
    """Read one table as a parameter, or list what is wrong as (field, message) pairs.

    The field is empty where the fault is the table's as a whole.
    """
    try:
        return Parameter.model_validate(dict(table), context={"sources": sources})
    except ValidationError as errors:
        faults = faults_of(errors, Parameter, named=lambda key: f"`{key}`")
        return [(str(key[0]) if key else "", said) for key, said in faults]


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
