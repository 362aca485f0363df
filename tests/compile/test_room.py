"""Room for answers: never shared by two who read it, and not cleared for the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dse.compile.function import compile_function
from dse.compile.machine_code import MachineCode
from dse.compile.room import LINE, Room


def test_columns_begin_cache_lines_of_different_places() -> None:
    for rows in (1, 16, 17, 1000):
        found = Room(np.float32).columns(5, rows)
        assert found.shape[0] == 5
        assert found.shape[1] >= rows
        assert all(column.ctypes.data % LINE == 0 for column in found)
        assert found.strides[0] // LINE % 2 == 1


def test_room_is_handed_out_again_only_when_nobody_reads_it() -> None:
    room = Room(np.float64)
    first = room.columns(3, 100)
    first[:] = 1.0
    read = first[1, 10:20]  # a part of it keeps it all
    del first
    second = room.columns(3, 100)
    second[:] = 2.0
    assert (read == 1.0).all()
    address = read.__array_interface__["data"][0]
    del read
    third = room.columns(3, 100)
    assert third[1, 10:20].__array_interface__["data"][0] == address
    assert not np.shares_memory(second, third)


def test_room_of_another_size_is_made_anew() -> None:
    room = Room(np.float32)
    room.columns(3, 100)
    assert room.columns(4, 1000).shape[0] == 4


@pytest.mark.parametrize("lanes", [1, 4, 16, 32])
@pytest.mark.parametrize("rows", [1, 31, 32, 101])
def test_nothing_is_written_outside_the_room(lanes: int, rows: int) -> None:
    """Answers of whole registers end where the room of a column does, or before."""
    blocks, asked = [], []

    class Watched(Room):
        def columns(self, count: int, rows: int) -> np.ndarray[Any, Any]:
            asked.append(super().columns(count, rows))
            return asked[-1]

        def _block(self, size: int) -> np.ndarray[Any, Any]:
            blocks.append(np.full(size + 64, 7.0, np.float32))  # 64 that nobody asked
            return blocks[-1]

    program = compile_function(lambda given: {"a": given["x"] * 2.0}, ["x"])
    code = MachineCode(program, np.float32, lanes=lanes)
    code._room = Watched(np.float32)
    code({"x": np.ones(rows, np.float32)}, rows)
    start, end = (
        asked[0].__array_interface__["data"][0] + n for n in (0, asked[0].nbytes)
    )
    own = blocks[0].__array_interface__["data"][0] + 4 * np.arange(len(blocks[0]))
    assert (blocks[0][(own < start) | (own >= end)] == 7.0).all()
