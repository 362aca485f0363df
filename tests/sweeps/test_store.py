"""A store takes nobody's parts but its own, and lies anywhere."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dse.errors import InputError
from dse.explore.runs import Runs
from dse.explore.shard import Shard
from dse.study.study import Study, load_study
from dse.sweeps.fingerprint import differences, fingerprint
from dse.sweeps.folder import Folder, LocalFolder, open_folder
from dse.sweeps.kept import read_kept
from dse.sweeps.lock import Lock
from dse.sweeps.plan import Plan, sensible_parts
from dse.sweeps.search import PartSearch
from dse.sweeps.store import Store, find_store, open_store
from dse.sweeps.workplace import open_workplace

MakePlan = Callable[..., Plan]


def refused(folder: Folder, plan: Plan) -> str:
    """Open a store that is another's, and return what is said."""
    with pytest.raises(InputError) as error:
        open_store(folder, plan)
    message = str(error.value)
    assert "holds parts of another sweep" in message
    assert "Give --out another folder, or drop these parts with --restart." in message
    return message


@pytest.mark.parametrize("name", ["study", "parameters", "code", "jax"])
def test_parts_of_another_sweep_are_refused_by_what_differs(
    store: Store, name: str
) -> None:
    plan = store.plan
    other = replace(plan, fingerprint={**plan.fingerprint, name: "0"})
    assert f"another {name}." in refused(store.folder, other)


def test_parts_kept_by_another_rule_are_refused(
    store: Store, plan_for: MakePlan
) -> None:
    assert "another keep." in refused(store.folder, plan_for(keep="all"))


def test_how_the_work_is_cut_is_taken_from_the_parts_there(
    store: Store, plan_for: MakePlan
) -> None:
    again = open_store(store.folder, plan_for(parts=40, block_size=64))
    assert again.plan == store.plan
    assert again.run == store.run


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 99}', "half a man"])
def test_a_manifest_that_is_none_is_refused(
    store: Store, plan_for: MakePlan, text: str
) -> None:
    store.folder.write("manifest.json", text.encode())
    told = "manifest.json: it .*Move it away, or give another folder"
    for restart in (False, True):  # it may be the user's
        with pytest.raises(InputError, match=told):
            open_store(store.folder, plan_for(), restart=restart)
    assert store.folder.read("manifest.json") == text.encode()


def test_a_restart_drops_the_parts_that_were_there_and_nothing_else(
    store: Store, plan_for: MakePlan
) -> None:
    store.write(0, b"anything")
    store.folder.write("part-000001-of-my-thesis.parquet", b"chapter one")
    wanted = plan_for(keep="top:5")
    assert open_store(store.folder, wanted, restart=True).files() == []
    assert find_store(store.folder.place).plan == wanted
    mine = ["manifest.json", "part-000001-of-my-thesis.parquet"]
    assert store.folder.names() == mine


def test_the_fingerprint_holds_what_decides_an_answer_and_nothing_else(
    quick: Study, quick_file: Path, tmp_path: Path
) -> None:
    first = fingerprint(quick)
    text = quick_file.read_text()

    def unlike(old: str, new: str) -> list[str]:
        file = tmp_path / "study.toml"
        assert old in text
        file.write_text(text.replace(old, new))
        return differences(fingerprint(load_study(file)), first)

    assert unlike("machines runs", "chips run") == []
    for old, new in [
        ("[16, 32, 64,", "[16, 32, 65,"),
        ('limits = ["area <= 900', 'limits = ["area <= 901'),
        ("activation_density = 0.5", "activation_density = 0.4"),
        ('"min:energy", "min:area"', '"min:area", "min:energy"'),
        ("lanes_per_pe <= pes", "lanes_per_pe < pes"),
    ]:
        assert unlike(old, new) == ["study"]
    other = quick.technology.at_node(7)
    changed = fingerprint(replace(quick, technology=other))
    assert differences(changed, first) == ["study"]


def test_a_store_lies_at_any_url(
    plan_for: MakePlan, front: Runs, sweep: Callable[..., PartSearch]
) -> None:
    folder = open_folder("memory://bucket/run/parts")
    store = open_store(folder, plan_for(parts=2))
    sweep(store, Shard(1, 2))
    assert find_store("memory://bucket/run").missing() == [1]
    name = store.files()[0]
    folder.write(name, b"torn")
    assert sweep(store).front().to_pandas().equals(front.to_pandas())
    assert name + ".torn" in folder.names()
    find_store("memory://bucket/run").remove()
    assert folder.names() == []  # and the next test finds no trace either


def test_a_url_that_nothing_opens_is_told() -> None:
    with pytest.raises(InputError, match="nowhere://x cannot be opened"):
        open_folder("nowhere://x")


def test_a_part_is_plain_parquet_with_units_in_its_columns(
    quick: Study, store: Store, sweep: Callable[..., PartSearch]
) -> None:
    sweep(store, Shard(1, 6))
    table = pd.read_parquet(io.BytesIO(store.folder.read(store.files()[0])))
    assert {"design", "pes", "energy_mj", "area_mm2", "on_front_so_far"} <= set(table)
    for row in table.to_dict("records")[:5]:
        machine = quick.space.at(row["design"])
        assert machine.pes == row["pes"]
        found = quick.evaluate(machine, batch=row["batch"])
        assert row["energy_mj"] == pytest.approx(float(found.energy) * 1e3, rel=1e-12)


def test_one_sweep_at_a_time_and_shards_beside_each_other(tmp_path: Path) -> None:
    with (
        closing(Lock(tmp_path)),
        pytest.raises(InputError, match="another sweep is at work"),
    ):
        hold(tmp_path)
    with closing(Lock(tmp_path, shard="1-of-2")):
        hold(tmp_path, "2-of-2")
        for taken in ("1-of-2", ""):
            with pytest.raises(InputError, match="another sweep is at work"):
                hold(tmp_path, taken)
    hold(tmp_path)
    assert list(tmp_path.iterdir()) == []


def hold(folder: Path, shard: str = "") -> None:
    Lock(folder, shard=shard).close()


def test_a_sweep_that_ends_with_no_part_leaves_no_trace(
    plan_for: MakePlan, tmp_path: Path
) -> None:
    place = tmp_path / "deep" / "parts"
    ended = ExitStack()
    here = ended.enter_context(open_workplace(place, plan_for(), shard=Shard()))
    assert here.store.folder.names() == ["manifest.json", "sweep.lock"]
    with pytest.raises(RuntimeError), ended:
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_half_written_is_removed(
    plan_for: MakePlan, tmp_path: Path
) -> None:
    with open_workplace(tmp_path, plan_for(), shard=Shard()) as here:
        here.store.write(0, b"kept")
        (kept,) = here.store.files()
    for half in (kept, "manifest.json"):
        (tmp_path / f"{half}.77.draft").write_bytes(b"half")
    (tmp_path / "thesis.draft").write_bytes(b"the user's")
    with open_workplace(tmp_path, plan_for(), shard=Shard()) as here:
        assert [f.name for f in tmp_path.glob("*.draft")] == ["thesis.draft"]
        assert here.leave().startswith("1 of 6 parts are kept in ")


@pytest.mark.parametrize("text", ["tops:3", "top", "top:0", "sample:x", "top:99999999"])
def test_what_to_keep_is_one_of_four_things(text: str) -> None:
    with pytest.raises(InputError, match="`top:100`"):
        read_kept(text)
    assert str(read_kept("top:3")) == "top:3"


@pytest.mark.parametrize(
    ("designs", "keep", "parts"),
    [
        (10**3, "front", 1),
        (10**9, "front", 60),  # of 2^24 designs
        (10**12, "sample:9", 4096),
        (10**9, "all", 3815),  # of 2^18 rows
    ],
)
def test_parts_grow_with_the_space_up_to_a_number_of_them(
    designs: int, keep: str, parts: int
) -> None:
    assert sensible_parts(designs, read_kept(keep)) == parts


def test_a_manifest_says_in_words_what_is_in_it(store: Store) -> None:
    said = json.loads(store.folder.read("manifest.json"))
    assert said["designs"] == 13_824
    assert said["objectives"] == ["max:throughput", "min:energy", "min:area"]
    assert said["limits"] == ["buildable", "area <= 900 mm^2"]
    assert {"study", "parameters", "code", "jax"} <= set(said["fingerprint"])


def test_no_draft_is_left_where_a_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("dse.sweeps.folder.os.fsync", refuse)
    with pytest.raises(OSError, match="no space left"):
        LocalFolder(tmp_path).write("part", b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["manifest.json", "part"])
def test_a_pipe_in_the_place_of_a_file_is_refused_not_waited_for(
    store: Store, name: str
) -> None:
    assert isinstance(store.folder, LocalFolder)
    store.write(0, b"kept")
    path = store.folder.path / (store.files()[0] if name == "part" else name)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match="no regular file"):
        list(find_store(store.folder.path).parts(set_aside=False))
