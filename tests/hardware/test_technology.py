"""Technologies at another process node."""

from __future__ import annotations

import pytest

import dse
from dse.errors import InputError
from dse.hardware.node_scaling import area_factor, energy_factor
from dse.hardware.technology import Technology, join_technologies

OLD = Technology(
    name="old",
    files=(),
    values={
        "process.node": 65e-9,
        "adder.area": 2.0,
        "adder.energy": 3.0,
        "adder.leakage_power": 4.0,
        "main_memory.energy": 5.0,
        "clock.frequency": 7.0,
    },
)


def test_a_technology_is_scaled_from_its_own_node() -> None:
    scaled = OLD.at_node(14)
    assert scaled["adder.area"] == pytest.approx(2.0 * area_factor(65, 14))
    assert scaled["adder.energy"] == pytest.approx(3.0 * energy_factor(65, 14))
    assert scaled["adder.leakage_power"] == pytest.approx(4.0 * 14 / 65)
    assert scaled["process.node"] == pytest.approx(14e-9)


def test_main_memory_and_clock_stay_as_they_are() -> None:
    scaled = OLD.at_node(14)
    assert scaled["main_memory.energy"] == 5.0
    assert scaled["clock.frequency"] == 7.0


def test_its_own_node_changes_nothing_and_the_way_back_ends_where_it_began() -> None:
    assert OLD.at_node(65).values == pytest.approx(OLD.values)
    assert OLD.at_node(7).at_node(65).values == pytest.approx(OLD.values)


def test_each_part_of_a_joint_machine_is_scaled_from_its_own_node() -> None:
    new = dse.load_technology("acceltran")
    joint = join_technologies(host=new, coprocessor=OLD).at_node(14)
    assert joint.part("host").values == pytest.approx(new.values)
    assert joint.part("coprocessor").values == pytest.approx(OLD.at_node(14).values)


def test_the_first_order_rule_knows_nodes_that_the_tables_leave_out() -> None:
    at_45 = OLD.at_node(45)
    scaled = at_45.at_node(28, rule="first_order")
    assert scaled["adder.area"] == pytest.approx(at_45["adder.area"] * (28 / 45) ** 2)
    leaks = at_45["adder.leakage_power"] * 28 / 45 / 1.1  # 1.0 V for 1.1 V
    assert scaled["adder.leakage_power"] == pytest.approx(leaks)
    with pytest.raises(InputError, match="28 nm is not in the scaling tables"):
        OLD.at_node(28)


def test_an_unknown_rule_and_a_technology_without_node_are_refused() -> None:
    with pytest.raises(InputError, match="Known: first_order, stillmaker"):
        OLD.at_node(14, rule="moore")
    with pytest.raises(InputError, match=r"does not say its `process\.node`"):
        OLD.replace(values={"adder.area": 1.0}).at_node(14)
