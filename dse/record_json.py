"""Records as plain data, and back: by the names of their classes, fields and labels.

In a file they stand beside their hash, unless a person may change them there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dse.errors import InputError, did_you_mean
from dse.records import Record
from dse.sparsity.curve_tables import About

FORM = 2  # of what dse saves
SEAL = "sha256"  # of what is no design: that alone is for people to change
WANTED = "a file that `dse.save` wrote, or the folder of a finished sweep"
DAMAGE = (LookupError, TypeError, ValueError, AttributeError)


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
    raise InputError(f"a `{type(value).__name__}` cannot be saved; give a record.")


def from_json(data: Any, load_more: Callable[[], object] | None = None) -> Any:
    """Return what `to_json` made plain data of; lists become tuples.

    A class that is unknown is looked for again after `load_more`, if that is given.
    Raises `InputError` for one that stays unknown, or a number that cannot be.
    """

    def read(part: Any) -> Any:
        return from_json(part, load_more)

    if isinstance(data, list):
        return tuple(map(read, data))
    if not isinstance(data, dict):
        return data
    match data:
        case {"record": str(name), "fields": dict(fields)}:
            return _kind(name, load_more)(
                **{n: read(each) for n, each in fields.items()}
            )
        case {"about": dict(fields)}:
            return About.model_validate(fields)
        case {"array": values}:
            return np.asarray(values, float)
        case {"dict": dict(fields)}:
            return {key: read(each) for key, each in fields.items()}
    raise InputError(f"`{str(data)[:60]}` is nothing that dse saved; save it anew.")


def record_text(value: Record, *, sealed: bool) -> str:
    """Return the file of a record; one that is `sealed` cannot be changed there."""
    data = to_json(value)
    seal = {SEAL: seal_of(json.dumps(data))} if sealed else {}
    whole = {"dse": FORM, "saved": data} | seal
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def is_saved(data: Mapping[str, Any]) -> bool:
    """Say whether the object of a JSON file is a record that was saved."""
    return {"dse", "saved"} <= data.keys()


def read_record(
    path: Path, data: Mapping[str, Any], load_more: Callable[[], object] | None = None
) -> Record:
    """Return the record of a file whose object is `data`.

    Raises `InputError` with the file for another form, and for what was changed though
    it is sealed.
    """
    if data.get("dse") != FORM:
        raise InputError(
            f"{path}: was not saved by this version of dse; give {WANTED}."
        )
    if SEAL in data:
        check_seal(path, seal_of(json.dumps(data.get("saved"))), data[SEAL])
    found: Record = read_at(path, lambda: from_json(data["saved"], load_more))
    return found


def seal_of(text: str) -> str:
    """Return the hash that tells whether a text was changed."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_seal(path: Path, found: str, wanted: Any) -> None:
    """Raise `InputError` where a file is not what was saved."""
    if found != wanted:
        raise InputError(
            f"{path}: was changed after dse saved it (its sha256 is another); save it "
            "anew with `dse.save`. A design alone may be changed in its file."
        )


def read_at(
    path: Path,
    read: Callable[[], Any],
    damage: tuple[type[Exception], ...] = DAMAGE,
) -> Any:
    """Return what reading gives; a fault in it becomes one message with the path."""
    try:
        return read()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except damage as error:
        raise InputError(
            f"{path}: is damaged ({type(error).__name__}: {error}); give {WANTED}."
        ) from None


def _kind(name: str, load_more: Callable[[], object] | None) -> type[Record]:
    """Return the record of a name; those of `dse` go before those of others."""
    known = _known()
    if name not in known and load_more is not None:
        load_more()
        known = _known()
    if name in known:
        return known[name]
    raise InputError(
        f"`{name}` is no record that is known here; of an engine of your own, import "
        "its module first." + did_you_mean(name, known)
    )


def _known() -> dict[str, type[Record]]:
    kinds = sorted(_kinds(Record), key=lambda kind: kind.__module__[:4] == "dse.")
    return {kind.__name__: kind for kind in kinds}


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
