"""The cases of README.md beside this file, of a crossbar engine."""

from __future__ import annotations

import pytest

import dse
from tests.known_answers.test_nm_engine import QUERY


def test_weights_stay_in_the_cells_and_activations_cross_once() -> None:
    found = dse.evaluate(dse.CrossbarEngine.isaac(), QUERY).dynamic_energy
    assert float(found["main_memory"]) == pytest.approx(524_288 * 15e-12, rel=1e-6)
    assert float(found["memory_interface"]) == pytest.approx(
        524_288 * 3.5e-12, rel=1e-6
    )
    assert float(found["weight_writes"]) == 0.0


def test_as_published_bits_cross_a_link_to_whole_blocks_of_memory() -> None:
    isaac = dse.CrossbarEngine.isaac()
    technology = isaac.published_technology()
    found = dse.evaluate(isaac, QUERY, technology=technology).dynamic_energy
    access = technology["main_memory.access_energy"]  # of 64 bytes
    assert float(found["main_memory"]) == pytest.approx(1024 * access, rel=1e-6)
    link = 524_288 * technology["link.energy"]
    assert float(found["link"]) == pytest.approx(link, rel=1e-6)
