"""Room for answers: never shared by two who read it, and not cleared for the next."""

from __future__ import annotations

import numpy as np

from dse.explore.rows.room import LINE, Room


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
