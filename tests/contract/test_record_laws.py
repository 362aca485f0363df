"""What a record takes, whatever the record: of each field, nothing of a wrong kind."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import dse
from dse.records import Record

WRONG: dict[str, Any] = {
    "a text": "x",
    "an object": object(),
    "a list": [],
    "a mapping": {},
    "a set": {1.0},
    "a class": float,
    "an array of texts": np.asarray(["x"]),
    "an array of objects": np.asarray([None]),
    "a number with two parts": 1j,
    "a mapping of texts": {"x": "x"},
    "a mapping of lists": {"x": [1.0]},
    "a mapping by numbers": {1: 1.0},
    "a tuple of objects": (object(),),
}
TAKEN_BY = {  # what is wrong for most fields, and right for those of a type
    "a text": r"str",
    "a mapping": r"Mapping|dict",
    "a mapping of texts": r"dict\[str, Any\]",
    "a mapping of lists": r"dict\[str, Any\]",
}


def records(kind: type = Record) -> Iterator[type[Record]]:
    """Yield all records of the package."""
    for part in kind.__subclasses__():
        if part.__module__.startswith("dse.") and dataclasses.is_dataclass(part):
            yield part
        yield from records(part)


for module in pkgutil.walk_packages(dse.__path__, "dse."):
    importlib.import_module(module.name)
RECORDS = {kind.__name__: kind for kind in records()}
FIELDS = [
    pytest.param(kind, field, id=f"{name}-{field.name}")
    for name, kind in sorted(RECORDS.items())
    for field in dataclasses.fields(kind)  # type: ignore[arg-type]
]


def legal(field: dataclasses.Field[Any]) -> Any:
    """Return something that a field takes, as its annotation has it."""
    meaning, told = field.metadata.get("quantity"), field.metadata
    if meaning is not None:
        return min(max(meaning.low, 0.0), meaning.high)
    kind = str(field.type)
    made = {"tuple": (), "Mapping": {}, "dict": {}, "bool": True}
    made |= {"str": (told.get("choices") or ["name"])[0], "Engine": dse.TileEngine()}
    made |= {"int": 1, "float": 1.0, "Number": 1.0, "Values": 1.0}
    made |= {"jax.Array": np.ones(1), "Column": np.ones(1)}
    made |= {"About": dse.load_curve("bert-tiny/wordnet/topk").about}
    if kind.endswith("| None"):
        return None
    kind = kind.partition("[")[0]
    return made[kind] if kind in made else blank(RECORDS[kind])


def blank(kind: type[Record]) -> Any:
    """Return a record of legal values that no constructor has put together."""
    made = object.__new__(kind)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        object.__setattr__(made, field.name, legal(field))
    return made


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_field_refuses_what_is_not_of_its_kind(
    kind: type[Record], field: dataclasses.Field[Any]
) -> None:
    takes = str(field.type)
    legal = vars(blank(kind))
    for name, value in WRONG.items():
        if re.match(TAKEN_BY.get(name, "never"), takes):
            continue
        said = re.escape(f"`{kind.__name__}.{field.name}` ")
        with pytest.raises(dse.InputError, match=said):
            kind(**legal | {field.name: value})


@pytest.mark.parametrize("name", ["input_density", "weight_density", "output_density"])
def test_a_density_is_a_share(name: str) -> None:
    ops = dse.transformer("bert-tiny").blocks[0].ops
    with pytest.raises(dse.InputError, match="outside its range 0 to 1"):
        ops.replace(**{name: np.full(len(ops), 1.5)})
