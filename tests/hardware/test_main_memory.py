"""Main memory by hand: what two units of a kind take."""

from __future__ import annotations

import pytest

import dse
from dse.hardware.main_memory import KINDS, MainMemory


@pytest.mark.parametrize("kind", KINDS)
def test_an_interface_at_full_rate_takes_the_energy_of_each_bit(kind: str) -> None:
    """At rest it draws a share of that, and each bit that moves takes what is left."""
    technology = dse.NMEngine.edge().default_technology()
    rate = 2 * float(technology[f"{kind}.bandwidth"])
    memory = MainMemory(technology, KINDS.index(kind), rate)
    a_bit = float(technology[f"{kind}.interface_energy"])
    share = float(technology["interface.idle_share"])
    at_rest = float(memory.interface_idle_power)
    assert at_rest == pytest.approx(share * a_bit * 8 * rate, rel=1e-6)
    busy = float(memory.energy(8 * rate, 0.0)["memory_interface"])  # of one second
    assert at_rest + busy == pytest.approx(a_bit * 8 * rate, rel=1e-6)
