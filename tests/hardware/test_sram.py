"""SRAM by hand: what a bit and a block of a buffer take."""

from __future__ import annotations

import pytest

import dse
from dse.hardware import sram

TILE = dse.TileEngine.edge().default_technology()


@pytest.mark.parametrize("buffer", ["activation_buffer", "weight_buffer"])
@pytest.mark.parametrize("mib", [0.25, 4.0])
def test_a_block_takes_the_energy_of_its_bits_by_the_root_of_the_size(
    buffer: str, mib: float
) -> None:
    a_bit = float(sram.bit_energy(TILE, 1.0)) * mib**0.5
    bits = 8 * float(TILE[f"{buffer}.block"])
    found = float(sram.access_energy(TILE, buffer, mib))
    assert found == pytest.approx(bits * a_bit, rel=1e-6)
