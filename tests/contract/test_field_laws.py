"""What the fields of all machines mean, whatever the machine."""

from __future__ import annotations

import math

import pytest

import dse
from dse.engines.registry import ENGINES

COUNTS = [
    (kind, name)
    for kind in ENGINES.values()
    for name, meaning in kind.quantities().items()
    if meaning.unit == "1" and not meaning.choices and meaning.high == math.inf
    if meaning.low >= 1.0
]


@pytest.mark.parametrize(
    ("kind", "name"), COUNTS, ids=[f"{kind.__name__}-{name}" for kind, name in COUNTS]
)
def test_what_is_counted_from_one_up_is_whole_and_may_be_one(
    kind: type[dse.Engine], name: str
) -> None:
    machine = getattr(kind, kind.presets[0])()
    assert getattr(machine.replace(**{name: 1}), name) == 1.0
    with pytest.raises(dse.InputError, match=r"counts whole things, got 2\.5"):
        machine.replace(**{name: 2.5})


def test_every_family_counts_something() -> None:
    assert {kind for kind, _ in COUNTS} >= {*ENGINES.values()}
