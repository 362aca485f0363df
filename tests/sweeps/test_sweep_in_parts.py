"""However a sweep is cut, shared out or interrupted, its answer is the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dse.errors import InputError
from dse.explore.runs import Runs
from dse.explore.shard import Shard, read_shard
from dse.study.study import Study
from dse.sweeps.folder import LocalFolder
from dse.sweeps.plan import Plan
from dse.sweeps.search import PartSearch
from dse.sweeps.store import Store, open_store
from dse.sweeps.sweep import join_parts

Sweep = Callable[..., PartSearch]
MakePlan = Callable[..., Plan]


def same(one: Runs, other: Runs) -> bool:
    """Say whether two tables are equal in every bit."""
    return one.to_pandas().equals(other.to_pandas())


@pytest.mark.parametrize(("parts", "block_size"), [(1, 2**17), (5, 100), (48, 512)])
def test_parts_and_blocks_change_nothing(
    front: Runs,
    tmp_path: Path,
    sweep: Sweep,
    plan_for: MakePlan,
    parts: int,
    block_size: int,
) -> None:
    plan = plan_for(parts=parts, block_size=block_size)
    store = open_store(LocalFolder(tmp_path), plan)
    assert same(sweep(store).front(), front)
    assert store.missing() == []


def test_more_parts_than_blocks_leave_some_empty(
    front: Runs, tmp_path: Path, sweep: Sweep, plan_for: MakePlan
) -> None:
    plan = plan_for(parts=7, block_size=13_824)
    store = open_store(LocalFolder(tmp_path), plan)
    assert same(sweep(store).front(), front)
    rows = [len(table) for _, table in store.parts(set_aside=False)]
    assert len(rows) == 7
    assert sorted(rows)[:-1] == [0] * 6


@pytest.mark.parametrize("count", [2, 3])
def test_shards_in_any_order_and_place_join_to_the_same_bytes(
    quick: Study,
    front: Runs,
    tmp_path: Path,
    sweep: Sweep,
    plan_for: MakePlan,
    count: int,
) -> None:
    stores = []
    for number in reversed(range(1, count + 1)):
        place = LocalFolder(tmp_path / str(number))
        stores.append(open_store(place, plan_for()))
        sweep(stores[-1], Shard(number, count))
    found, missing = join_parts(quick, stores)
    assert missing == []
    assert same(found.front(), front)


def test_a_missing_shard_is_told_part_by_part(
    quick: Study, store: Store, sweep: Sweep
) -> None:
    sweep(store, Shard(2, 3))  # of parts 0 to 5 it takes 1 and 4
    assert store.missing() == [0, 2, 3, 5]
    _, missing = join_parts(quick, [store])
    assert missing == [0, 2, 3, 5]


def test_shards_of_different_cuts_do_not_join(
    quick: Study, store: Store, tmp_path: Path, plan_for: MakePlan
) -> None:
    other = open_store(LocalFolder(tmp_path / "other"), plan_for(parts=7))
    with pytest.raises(InputError, match="cut into other parts"):
        join_parts(quick, [store, other])


def test_what_is_there_is_not_searched_again(
    front: Runs, store: Store, sweep: Sweep
) -> None:
    sweep(store, Shard(1, 2))
    before = {n: store.folder.read(n) for n in store.folder.names()}
    assert same(sweep(store).front(), front)
    assert {n: store.folder.read(n) for n in before} == before


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "swapped"])
def test_a_torn_part_is_set_aside_by_name_and_found_again(
    front: Runs,
    store: Store,
    sweep: Sweep,
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sweep(store)
    name = store.files()[3]
    whole = store.folder.read(name)
    middle = len(whole) // 3
    flipped = bytes([whole[middle] ^ 1])
    torn = {
        "cut": whole[:-20],
        "bit": whole[:middle] + flipped + whole[middle + 1 :],
        "empty": b"",
        "swapped": store.folder.read(store.files()[2]),
    }[damage]
    store.folder.write(name, torn)
    assert same(sweep(store).front(), front)
    assert store.missing() == []
    assert store.folder.read(f"{name}.torn") == torn
    assert f"{name}: it is not whole" in caplog.text
    assert f"set aside as {name}.torn, to be computed again" in caplog.text


def test_the_best_by_each_objective_are_kept_beside_the_front(
    quick: Study, front: Runs, tmp_path: Path, sweep: Sweep, plan_for: MakePlan
) -> None:
    store = open_store(LocalFolder(tmp_path), plan_for(keep="top:50"))
    sweep(store)
    found = sweep(store)  # from the files alone
    assert same(found.front(), front)
    every = open_store(LocalFolder(tmp_path / "all"), plan_for(keep="all"))
    assert same(sweep(every).front(), front)
    tables = [t.to_pandas() for _, t in every.parts(set_aside=False)]
    assert sum(map(len, tables)) == quick.space.size
    legal = [table[table.feasible] for table in tables]
    wanted: set[int] = set()
    for column, rising in [
        ("throughput_seq_per_s", False),
        ("energy_mj", True),
        ("area_mm2", True),
    ]:
        rows = [(v, d) for t in legal for v, d in zip(t[column], t.design, strict=True)]
        rows.sort(key=lambda row: (row[0] if rising else -row[0], row[1]))
        wanted |= {design for _, design in rows[:50]}
    assert set(found.best().index) == wanted


def test_a_sample_is_decided_by_its_seed(
    quick: Study, tmp_path: Path, sweep: Sweep, plan_for: MakePlan
) -> None:
    plan = plan_for(keep="sample:100", parts=2)
    store = open_store(LocalFolder(tmp_path), plan)
    sample = sweep(store, Shard(1, 2)).sample()  # whatever was searched
    assert np.array_equal(sample.index, quick.space.sample(100, seed=0))
    assert {"", "breaks area <= 900 mm^2", "lanes within PEs"} == set(sample.reason)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4"])
def test_a_shard_is_one_of_its_count(text: str) -> None:
    with pytest.raises(InputError, match="from 1/n to n/n, as `3/8`"):
        read_shard(text)


def test_shards_take_every_part_once() -> None:
    taken = [part for i in range(1, 5) for part in read_shard(f"{i}/4").parts(10)]
    assert sorted(taken) == list(range(10))
