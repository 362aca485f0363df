"""Records as plain data, and back: by the names of their classes, fields and labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from dse.engines import registry  # all engines are known once it is loaded
from dse.engines.pair import Pair
from dse.errors import InputError, did_you_mean
from dse.records import Record
from dse.sparsity.curve_tables import About

__all__ = ["Pair", "from_json", "registry", "to_json"]


def to_json(value: object) -> Any:
    """Return a record, or what stands in one, as plain data.

    Raises `InputError` for slopes, for what JAX traces, and for what is no data.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Record():
            return _record(value)
        case About():
            return {"about": value.model_dump(mode="json", exclude_defaults=True)}
        case tuple() | list():
            return [to_json(each) for each in value]
        case dict():
            return {"dict": {str(key): to_json(each) for key, each in value.items()}}
        case jax.core.Tracer():
            raise InputError("what JAX traces cannot be saved; save it outside.")
        case np.ndarray() | jax.Array() | np.generic():
            return {"array": np.asarray(value, float).tolist()}
    raise InputError(f"a `{type(value).__name__}` cannot be saved.")


def from_json(data: Any) -> Any:
    """Return what `to_json` made plain data of; lists become tuples.

    Raises `InputError` for a class that is unknown, or a number that cannot be.
    """
    if isinstance(data, list):
        return tuple(from_json(each) for each in data)
    if not isinstance(data, dict):
        return data
    match data:
        case {"record": str(name), "fields": dict(fields)}:
            return _kind(name)(**{n: from_json(each) for n, each in fields.items()})
        case {"about": dict(fields)}:
            return About.model_validate(fields)
        case {"array": values}:
            return np.asarray(values, float)
        case {"dict": dict(fields)}:
            return {key: from_json(each) for key, each in fields.items()}
    raise InputError(f"`{str(data)[:60]}` is nothing that dse saved; save it anew.")


def _kind(name: str) -> type[Record]:
    """Return the record of a name; those of `dse` go before those of others."""
    for first_ask_packages in (False, True):
        if first_ask_packages:
            registry.load_all_engines()
        kinds = sorted(_kinds(Record), key=lambda kind: kind.__module__[:4] == "dse.")
        known = {kind.__name__: kind for kind in kinds}
        if name in known:
            return known[name]
    raise InputError(
        f"`{name}` is no record that is known here; of an engine of your own, import "
        "its module first." + did_you_mean(name, known)
    )


def _record(value: Record) -> dict[str, Any]:
    if value.slopes_of[0]:
        raise InputError("slopes are no design; save the design that they are of.")
    meanings, fields = value.quantities(), {}
    for field in dataclasses.fields(value):  # type: ignore[arg-type]
        own = getattr(value, field.name)
        meaning = meanings.get(field.name)
        is_label = meaning is not None and meaning.choices and np.ndim(own) == 0
        fields[field.name] = meaning.show(own) if is_label and meaning else to_json(own)
    return {"record": type(value).__name__, "fields": fields}


def _kinds(kind: type[Record]) -> Iterator[type[Record]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)
