"""Tile ops that are issued to the units of a block, counted by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import dse
from dse.engines.tile.memory import lead, prefetch
from dse.engines.tile.units import unit
from dse.engines.tile.work import elementwise


def test_one_unit_is_occupied_as_long_as_all_its_tiles_take() -> None:
    """32 tiles of 5 cycles and one to issue, one after the other; two units, half."""
    op: Any = SimpleNamespace(
        rows=64.0, columns=64.0, heads=2.0, in_attention=0.0, last_share=1.0
    )
    run: Any = SimpleNamespace(batch=4.0)
    design = dse.TileEngine.edge().replace(tile_size=16, tile_batch=4)
    one = elementwise(design, op, run, "softmax", 5.0, 1.0)
    assert float(one.issued) == 32
    assert float(one.occupied) == float(one.elapsed) == 32 * 6
    assert float(elementwise(design, op, run, "softmax", 5.0, 2.0).occupied) == 16 * 6


def test_work_begins_when_the_first_of_all_tiles_is_there() -> None:
    """64 x 128 weights are 32 tiles of 16 x 16; of fewer weights one tile is all."""
    design = dse.TileEngine.edge().replace(tile_size=16)
    large: Any = SimpleNamespace(inner=64.0, columns=128.0)
    small: Any = SimpleNamespace(inner=0.0, columns=128.0)
    assert float(lead(design, large)) == pytest.approx(1 / 32)
    assert float(lead(design, small)) == 1.0


def test_without_bounds_on_buffers_a_whole_load_is_early() -> None:
    design = dse.TileEngine.edge().replace(conventions=dse.SIMULATOR)
    assert prefetch(design, SimpleNamespace(), SimpleNamespace()) == 1.0  # type: ignore[arg-type]


def test_a_block_leaks_whole_at_work_and_a_share_while_it_waits() -> None:
    """Of 3 seconds of all softmax units 2 seconds of one are work."""
    edge = dse.TileEngine.edge()
    technology = edge.default_technology()
    power = float(unit(technology, "softmax", "leakage_power", edge))
    waits = 3.0 * edge.pes * edge.softmax_units_per_pe - 2.0
    idle = float(technology["idle.leakage_share"])
    found = edge.leakage(technology, 3.0, {"softmax": 2.0})["softmax"]
    assert float(found) == pytest.approx(power * (2.0 + idle * waits), rel=1e-6)
