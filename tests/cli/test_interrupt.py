"""Ctrl-C ends a verb at once, whatever it is at, and leaves nothing torn."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WRITING = """
import sys, time
from pathlib import Path
from dse.cli.interrupt import leaving_on_interrupt
from dse.cli.output import written_together
with leaving_on_interrupt(), written_together(Path(sys.argv[1])) as drafts:
    (drafts / "front.csv").write_text("half of it")
    print("writing", flush=True)
    while True:
        time.sleep(0.01)
"""
STUDY = Path(__file__).parents[2] / "studies" / "acceltran_design_space"
SWEEP = "sweep", str(STUDY), "--block-size", "512", "--out"  # takes long
READY = "-c", "from dse.cli.main import main; print('up', flush=True); main()"


def interrupt(process: subprocess.Popen[str]) -> str:
    """Send Ctrl-C to a process and return what it said on stderr."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    return said


Process = subprocess.Popen[str]


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Starts processes of Python; none outlives its test."""
    begun: list[Process] = []

    def begin(*arguments: str) -> Process:
        both: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        begun.append(subprocess.Popen([sys.executable, *arguments], text=True, **both))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.5])
def test_while_a_sweep_starts(
    start: Callable[..., Process], tmp_path: Path, seconds: float
) -> None:
    process = start(*READY, *SWEEP, str(tmp_path / "out"))
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    time.sleep(seconds)
    assert "Interrupted; nothing was written." in interrupt(process)
    assert list(tmp_path.iterdir()) == []


def test_while_designs_are_searched(
    start: Callable[..., Process], tmp_path: Path
) -> None:
    process = start(*READY, *SWEEP, str(tmp_path / "out"))
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Searching")
    time.sleep(3.0)
    assert process.poll() is None
    assert "Interrupted; nothing was written." in interrupt(process)
    assert list(tmp_path.iterdir()) == []


def test_while_files_are_being_written(
    start: Callable[..., Process], tmp_path: Path
) -> None:
    process = start("-c", WRITING, str(tmp_path / "out"))
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    assert len(list(tmp_path.glob("out/.dse-draft-*/front.csv"))) == 1
    assert interrupt(process) == "\nInterrupted; nothing was written.\n"
    assert list(tmp_path.iterdir()) == []
