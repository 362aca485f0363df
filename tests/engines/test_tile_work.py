"""Tile ops that are issued to the units of a block, counted by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import dse
from dse.engines.tile.memory import lead
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
