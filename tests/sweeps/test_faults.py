"""Whatever ends a sweep, the next one goes on from there, to the same answer."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dse.errors import InputError
from dse.explore.runs import Runs
from dse.sweeps.lock import Lock
from dse.sweeps.search import PartSearch
from dse.sweeps.store import Store, find_store

PROGRAM = "from dse.cli.main import main; main()"
CUT = ("--parts", "36", "--block-size", "128", "--quiet")


def test_a_killed_sweep_held_its_folder_and_goes_on_to_the_same_front(
    quick_file: Path, tmp_path: Path, front: Runs, sweep: Callable[..., PartSearch]
) -> None:
    arguments = ("sweep", str(quick_file), "--out", str(tmp_path), *CUT)
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments])
    try:
        while process.poll() is None and len(list(tmp_path.rglob("*.parquet"))) < 3:
            time.sleep(0.001)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(InputError, match="another sweep is at work"):
            Lock(tmp_path / "parts")
    finally:
        process.kill()
        assert process.wait() == -signal.SIGKILL
    store = find_store(tmp_path)
    with closing(Lock(tmp_path / "parts")):  # the system let go of it
        assert 0 < len(store.missing()) <= 33
        assert sweep(store).front().to_pandas().equals(front.to_pandas())


def test_where_no_file_can_grow_it_says_what_is_safe_and_goes_on_with_room(
    store: Store, front: Runs, sweep: Callable[..., PartSearch]
) -> None:
    with largest_file(4096), pytest.raises(OSError, match="File too large") as told:
        sweep(store)
    said = str(told.value)
    assert "part 0 could not be kept in" in said
    assert "0 of 6 parts are safe there; make room, and the same command" in said
    assert store.folder.names() == ["manifest.json"]
    assert sweep(store).front().to_pandas().equals(front.to_pandas())


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow past some bytes; a part is larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
