"""What happens on Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

INTERRUPTED = 130
_STDERR = 2  # file descriptor

_drafts: set[Path] = set()  # folders that must not outlive an interruption


@contextmanager
def leaving_on_interrupt() -> Iterator[None]:
    """Let Ctrl-C end the process at once, with nothing written.

    Python's way, an exception wherever the program happens to be, does not do:
    callbacks of JAX swallow it, imports of NumPy turn it into another, and a thread in
    which XLA compiles crashes a process that closes in order.
    """
    before = signal.signal(signal.SIGINT, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def removed_on_interrupt(drafts: Path) -> Iterator[None]:
    """Remove a folder of drafts if the block is interrupted."""
    _drafts.add(drafts)
    try:
        yield
    finally:
        _drafts.discard(drafts)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C have no effect while files are moved, which takes no time."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    for folder in _drafts:
        shutil.rmtree(folder, ignore_errors=True)
    # Past sys.stderr, which may be in the middle of a line.
    os.write(_STDERR, b"\nInterrupted; nothing was written.\n")
    os._exit(INTERRUPTED)
