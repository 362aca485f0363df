"""Single numbers of a technology: changed in place, or by a file of one number."""

from __future__ import annotations

from pathlib import Path

import jax
import pytest

import dse
from dse.errors import InputError
from dse.hardware.parameters import load_parameters

ACCELTRAN = dse.load_technology("acceltran")
ENERGON = dse.load_technology("energon")

ONE = """\
inherits = "energon"

[sofa.array_power]
value  = {value}
unit   = "{unit}"
status = "quoted"
source = "wang2024sofa"
where  = "a number of my own"
"""


@pytest.fixture
def write(tmp_path: Path):
    def write_file(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write_file


def test_a_number_is_changed_by_its_key_in_its_unit() -> None:
    faster = ACCELTRAN.replace(**{"clock.frequency": "1 GHz"})
    assert faster["clock.frequency"] == 1e9
    assert faster.values == ACCELTRAN.values | {"clock.frequency": 1e9}
    assert faster.name == "acceltran, clock.frequency 1 GHz"
    assert ACCELTRAN.replace(**{"clock.frequency": 1e9}).values == faster.values
    assert (
        ACCELTRAN.replace(**{"idle.leakage_share": "5 %"})["idle.leakage_share"]
        == (ACCELTRAN.replace(**{"idle.leakage_share": "0.05"})["idle.leakage_share"])
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("clock.frequncy", "1 GHz", "Did you mean `clock.frequency`"),
        ("clock", 1.0, "technology acceltran has no `clock`"),
        ("clock.frequency", "1 nJ", "`clock.frequency`: '1 nJ' is energy; give"),
        ("clock.frequency", "1", "`clock.frequency`: '1' has no unit; write"),
        ("clock.frequency", "fast", "is not a quantity"),
        ("clock.frequency", 0, "is 0 MHz; give a frequency above 0"),
        ("clock.frequency", float("nan"), "is nan; give a number that is finite"),
        ("clock.frequency", None, "takes a number in Hz, got None"),
        ("idle.leakage_share", 1.5, "is 1.5; give a share from 0 to 1"),
        ("weight_buffer.access_energy", "-1 nJ", "is -1 nJ; give a number of at least"),
    ],
)
def test_what_cannot_be_is_refused(key: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ACCELTRAN.replace(**{key: value})
    if not isinstance(value, str):
        with pytest.raises(InputError, match=said):
            ACCELTRAN.replace(values={**ACCELTRAN.values, key: value})


def test_what_is_derived_from_a_changed_number_follows_it() -> None:
    twice = ENERGON.replace(**{"sofa.array_power": 2 * ENERGON["sofa.array_power"]})
    key = "low_bit_multiplier.energy"
    assert twice[key] == pytest.approx(2 * ENERGON[key])
    scaled = ENERGON.at_node(7)
    again = scaled.replace(**{"sofa.array_power": 2 * scaled["sofa.array_power"]})
    assert again[key] == pytest.approx(2 * scaled[key])
    own = ENERGON.replace(**{"sofa.array_power": "1 W", key: "3 pJ"})
    assert own[key] == 3e-12


def test_numbers_of_a_part_are_changed_by_its_prefix() -> None:
    pair = dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.FilterEngine.energon_edge()
    )
    joint = pair.published_technology()
    changed = joint.replace(**{"coprocessor.sofa.array_power": "1 W"})
    alone = ENERGON.replace(**{"sofa.array_power": "1 W"})
    assert changed.part("coprocessor").values == pytest.approx(alone.values)
    assert changed.part("host").values == ACCELTRAN.values


def test_a_changed_number_can_be_differentiated() -> None:
    def derived(power: float) -> float:
        changed = ENERGON.replace(**{"sofa.array_power": power})
        return changed["high_bit_multiplier.energy"] * 1e12

    power = ENERGON["sofa.array_power"]
    slope = jax.grad(derived)(power)
    assert float(slope) == pytest.approx(derived(power) / power, rel=1e-5)


def test_a_file_of_one_number_inherits_the_rest(write) -> None:
    path = write(ONE.format(value=1, unit="W"))
    assert load_parameters(path)["process.node"].value == 45
    mine = dse.load_technology(path)
    wanted = ENERGON.replace(**{"sofa.array_power": "1 W"})
    assert mine.values == pytest.approx(wanted.values, rel=1e-12)
    assert mine.name == "mine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ONE.replace("energon", "enrgon"), "mine.toml:1: inherits: 'enrgon' is not"),
        (ONE.replace('"energon"', '["energon"]'), "mine.toml:1: inherits: ['energon']"),
        (ONE.replace("array_power", "aray_power"), "mine.toml:3: sofa.aray_power: is"),
        (ONE.replace("{unit}", "nm"), "mine.toml:5: sofa.array_power: `nm` measures"),
        (ONE.replace("{value}", "-1"), "mine.toml:4: sofa.array_power: is -1 W; give"),
        (ONE.replace('inherits = "energon"', ""), None),
    ],
)
def test_a_fault_of_such_a_file_has_its_line(write, text: str, said: str) -> None:
    path = write(text.replace("{value}", "1").replace("{unit}", "W"))
    if said is None:  # a file of its own, of any keys
        assert list(load_parameters(path).entries) == ["sofa.array_power"]
        return
    with pytest.raises(InputError) as caught:
        load_parameters(path)
    assert said in str(caught.value)


def test_a_node_is_a_number_of_nm_or_a_text_with_a_unit() -> None:
    assert ENERGON.at_node("7 nm").values == ENERGON.at_node(7).values
    assert ENERGON.at_node("7nm").name == "energon at 7 nm"
    for node, said in (("7", "has no unit"), ("7 pJ", "is energy"), (None, "got None")):
        with pytest.raises(InputError, match=said):
            ENERGON.at_node(node)
