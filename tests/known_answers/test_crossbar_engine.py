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
