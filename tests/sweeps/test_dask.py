"""Parts found on a Dask cluster, whose workers may die, come to the same bytes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dse.errors import InputError
from dse.explore.runs import Runs
from dse.explore.shard import Shard
from dse.study.study import Study
from dse.sweeps.dask import dask_finder
from dse.sweeps.store import Store
from dse.sweeps.sweep import search_parts

distributed = pytest.importorskip("distributed")

SILENT = {"dashboard_address": "127.0.0.1:0", "silence_logs": 50}


@pytest.fixture(scope="module")
def threads() -> Iterator[str]:
    """The address of a cluster whose two workers are threads of this process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, **SILENT
    ) as cluster:
        yield cluster.scheduler_address


def test_a_cluster_finds_the_same_bytes(
    quick: Study, store: Store, front: Runs, threads: str
) -> None:
    finder = dask_finder(threads, quick, store)
    found = search_parts(quick, store, shard=Shard(), finder=finder, progress=False)
    assert store.missing() == []
    assert found.front().to_pandas().equals(front.to_pandas())


def test_a_part_that_fails_everywhere_is_told_and_left_out(
    quick: Study,
    store: Store,
    threads: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def find(_study: Any, _plan: Any, _run: str, part: int) -> bytes:
        if part in (1, 4):
            raise MemoryError("no room on this node")
        return b"found elsewhere"

    monkeypatch.setattr("dse.sweeps.dask._find", find)
    finder = dask_finder(threads, quick, store)
    parts = [part for part, _ in finder(list(range(6)), lambda _: None)]
    assert sorted(parts) == [0, 2, 3, 5]
    assert "Part 1 failed on every worker: no room on this node" in caplog.text


def test_a_worker_with_other_code_is_told(
    quick: Study, store: Store, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {**store.plan.fingerprint, "code": "0"}
    monkeypatch.setattr("dse.sweeps.dask.fingerprint", lambda _: old)
    finder = dask_finder(threads, quick, store)
    store.run = "not searched here before"
    with pytest.raises(InputError, match="a Dask worker has another code; install"):
        list(finder([0], lambda _: None))


def test_where_no_scheduler_answers_that_is_told(
    quick: Study, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("timed out")

    monkeypatch.setattr(distributed, "Client", refuse)
    finder = dask_finder("tcp://127.0.0.1:1", quick, store)
    with pytest.raises(InputError, match="no Dask scheduler answers at tcp://127"):
        next(finder([0], lambda _: None))


@pytest.mark.nightly
def test_a_killed_worker_changes_nothing(
    quick: Study, store: Store, front: Runs
) -> None:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, **SILENT
    ) as cluster:
        finder = dask_finder(cluster.scheduler_address, quick, store)
        killed = []

        def kill_first(
            parts: list[int], report: Callable[[int], Any]
        ) -> Iterator[tuple[int, bytes]]:
            for found in finder(parts, report):
                if not killed:
                    killed.append(next(iter(cluster.workers.values())).pid)
                    os.kill(killed[0], signal.SIGKILL)
                yield found

        found = search_parts(
            quick, store, shard=Shard(), finder=kill_first, progress=False
        )
        assert killed
        assert store.missing() == []
        assert found.front().to_pandas().equals(front.to_pandas())
