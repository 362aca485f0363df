"""Whatever ends the process of a sweep, the same command ends in the same bytes."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dse.explore.runs import Runs
from dse.sweeps.folder import LocalFolder
from dse.sweeps.plan import Plan
from dse.sweeps.search import PartSearch
from dse.sweeps.store import open_store

pytestmark = pytest.mark.nightly

PARTS = 36
PROGRAM = "from dse.cli.main import main; main()"
FILES = ["front.csv", "front.parquet", "report.html", "summary.json"]
GOES_ON = re.compile(rf"(\d+) of {PARTS} parts are kept in .*parts; the same command ")

Process = subprocess.Popen[str]


class Sweep:
    """`dse sweep` of one study into one folder, as often as it takes."""

    def __init__(self, study: Path, out: Path) -> None:
        self.out = out
        self._arguments = [
            *("sweep", str(study), "--out", str(out), "--quiet"),
            *("--parts", str(PARTS), "--block-size", "128"),
        ]

    def start(self, first: str = "") -> Process:
        """Start it, after what is to happen first in its process."""
        return subprocess.Popen(
            [sys.executable, "-c", first + PROGRAM, *self._arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1764374400"},
        )

    def parts(self) -> int:
        return len(list((self.out / "parts").glob("part-*.parquet")))

    def end(self, process: Process, number: signal.Signals, more: int) -> str:
        """Send a signal once there are `more` parts than now; return what is said."""
        wanted = min(self.parts() + more, PARTS - 1)
        while process.poll() is None and self.parts() < wanted:
            time.sleep(0.001)
        process.send_signal(number)
        return process.communicate(timeout=120)[1]

    def finish(self) -> dict[str, bytes]:
        """Run to the end; return every file of the answer.

        A report tells the command that made it, which names the folder; when it was
        made is the same for all.
        """
        process = self.start()
        said = process.communicate(timeout=300)[1]
        assert process.returncode == 0, said
        assert sorted(path.name for path in self.out.iterdir()) == FILES
        own = str(self.out).encode()
        files = {name: (self.out / name).read_bytes() for name in FILES}
        return {name: text.replace(own, b"OUT") for name, text in files.items()}


@pytest.fixture(scope="module")
def answer(quick_file: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    """The files that a sweep writes if nothing happens to it."""
    return Sweep(quick_file, tmp_path_factory.mktemp("whole") / "out").finish()


def test_interrupted_it_says_what_is_kept(
    quick_file: Path, tmp_path: Path, answer: object
) -> None:
    sweep = Sweep(quick_file, tmp_path / "out")
    interrupted = sweep.start()
    said = sweep.end(interrupted, signal.SIGINT, more=5)
    assert interrupted.returncode == 130
    assert "Traceback" not in said
    kept = GOES_ON.search(said)
    assert kept is not None
    assert int(kept[1]) == sweep.parts() >= 5
    assert sweep.finish() == answer


def test_a_second_sweep_into_a_folder_at_work_is_sent_away(
    quick_file: Path, tmp_path: Path, answer: object
) -> None:
    sweep = Sweep(quick_file, tmp_path / "out")
    first = sweep.start()
    while first.poll() is None and sweep.parts() < 1:
        time.sleep(0.001)
    first.send_signal(signal.SIGSTOP)
    try:
        second = sweep.start()
        said = second.communicate(timeout=120)[1]
        assert second.returncode == 2
        assert "another sweep is at work in" in said
        assert sweep.parts() >= 1
    finally:
        first.kill()
        first.communicate(timeout=60)
    assert sweep.finish() == answer


def test_a_part_that_was_damaged_in_between_is_found_again(
    quick_file: Path, tmp_path: Path, answer: object
) -> None:
    sweep = Sweep(quick_file, tmp_path / "out")
    sweep.end(sweep.start(), signal.SIGKILL, more=4)
    hurt = min((sweep.out / "parts").glob("part-*.parquet"))
    hurt.write_bytes(hurt.read_bytes()[:-1])
    assert sweep.finish() == answer


def test_fifty_kills_and_fifty_resumes(
    quick_file: Path,
    tmp_path: Path,
    plan_for: Callable[..., Plan],
    sweep: Callable[..., PartSearch],
    front: Runs,
    answer: object,
) -> None:
    # To save time only every tenth is resumed by the command, the others right here.
    chance = random.Random(8)
    kill = 0
    for attempt in range(100):
        killed = Sweep(quick_file, tmp_path / str(attempt))
        process = killed.start()
        if kill % 5 == 4:  # at any moment, the start included
            time.sleep(chance.uniform(0, 2))
            process.kill()
            process.communicate(timeout=60)
        else:
            killed.end(process, signal.SIGKILL, more=chance.randint(0, PARTS - 1))
        if process.returncode == 0:  # it was done before it could be killed
            continue
        assert process.returncode == -signal.SIGKILL
        if kill % 10 == 9:
            assert killed.finish() == answer
        else:
            store = open_store(LocalFolder(killed.out / "parts"), plan_for())
            assert sweep(store).front().to_pandas().equals(front.to_pandas())
            assert store.missing() == []
        kill += 1
        if kill == 50:
            return
    pytest.fail(f"only {kill} of 100 sweeps were killed before they were done")


# Kills the process before the file of a number is moved from the drafts to the answer.
KILLED_WHILE_MOVING = """
import os, signal
move, moved = os.replace, 0
def replace(source, target, **options):
    global moved
    if ".dse-draft-" in str(source) and ".dse-draft-" not in str(target):
        if moved == {number}:
            os.kill(os.getpid(), signal.SIGKILL)
        moved += 1
    return move(source, target, **options)
os.replace = replace
"""


@pytest.mark.parametrize("number", range(len(FILES)))
def test_a_kill_while_the_answer_is_moved_is_made_good(
    quick_file: Path, tmp_path: Path, answer: object, number: int
) -> None:
    sweep = Sweep(quick_file, tmp_path / "out")
    killed = sweep.start(KILLED_WHILE_MOVING.format(number=number))
    killed.communicate(timeout=300)
    assert killed.returncode == -signal.SIGKILL
    there = [path.name for path in sweep.out.iterdir() if path.name in FILES]
    assert len(there) == number
    assert sweep.finish() == answer  # and leaves nothing else


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KiB; only root can make one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can be mounted by root only")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_fills_up_and_is_then_enlarged(
    quick_file: Path, tiny_disk: Path, answer: object
) -> None:
    sweep = Sweep(quick_file, tiny_disk / "out")
    process = sweep.start()
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 1
    assert "No space left on device" in said
    assert sweep.parts() >= 2
    assert not list(tiny_disk.rglob("*.draft"))
    larger = ["mount", "-o", "remount,size=64m", str(tiny_disk)]
    subprocess.run(larger, check=True)
    assert sweep.finish() == answer
