"""What the fields of all machines mean, whatever the machine."""

from __future__ import annotations

import math

import pytest

import dse
from dse.engines.registry import ENGINES
from dse.workload.formats import read_format

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


BITS = [
    (kind, name)
    for kind in ENGINES.values()
    for name, meaning in kind.quantities().items()
    if meaning.unit == "bit" and name != "adc_bits"  # effective ones may be broken
]


@pytest.mark.parametrize(
    ("kind", "name"), BITS, ids=[f"{kind.__name__}-{name}" for kind, name in BITS]
)
def test_bits_of_a_word_are_whole(kind: type[dse.Engine], name: str) -> None:
    machine = getattr(kind, kind.presets[0])()
    with pytest.raises(dse.InputError, match=r"counts whole things, got 4\.5"):
        machine.replace(**{name: 4.5})


# The widest format that a workload may name is `fp32`.
@pytest.mark.parametrize("name", ["weight_bits", "activation_bits"])
def test_a_crossbar_takes_words_as_wide_as_the_widest_format(name: str) -> None:
    widest = read_format("fp32").weight_bits
    machine = dse.CrossbarEngine.isaac()
    assert getattr(machine.replace(**{name: widest}), name) == widest
    with pytest.raises(dse.InputError, match=f"{name}` is 33 bit, outside .* 1 to 32"):
        machine.replace(**{name: widest + 1})


@pytest.mark.parametrize("kind", ENGINES.values())
def test_what_a_machine_was_checked_at_is_a_range(kind: type[dse.Engine]) -> None:
    for name, (low, high) in kind.checked_at.items():
        assert 0.0 < low <= high, name
        assert name == "sequence length" or high <= 1.0, name
