"""What happens on Ctrl-C."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:  # waits until it is needed
    from dse.tuning.proof import FrontProof, Proof

INTERRUPTED = 130
_STDERR = 2  # file descriptor

_undo: list[Callable[[], object]] = []  # what an interruption has to undo
_last_words: list[Callable[[], str]] = []  # that say what an interruption leaves


@contextmanager
def leaving_on_interrupt() -> Iterator[None]:
    """Let Ctrl-C end the process at once, with nothing half written.

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
def undone_at_the_end(undo: Callable[[], object]) -> Iterator[None]:
    """Undo something when the block ends, even if an interruption ends it."""
    _undo.append(undo)
    try:
        yield
    finally:
        _undo.remove(undo)
        undo()


@contextmanager
def resumed_later(folder: Path) -> Iterator[None]:
    """Say what a folder already holds if the block is interrupted."""
    with said_on_interrupt(lambda: f"run it again to go on from {folder}."):
        yield


@contextmanager
def said_on_interrupt(words: Callable[[], str]) -> Iterator[None]:
    """Say, if the block is interrupted, what that leaves behind."""
    _last_words.append(words)
    try:
        yield
    finally:
        _last_words.pop()


@contextmanager
def interrupted_afterwards() -> Iterator[None]:
    """Let Ctrl-C wait for the end of a block that takes no time."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C have no effect while files are moved, which takes no time."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def end_if_interrupted(proof: Proof | FrontProof | None, file: Path | None) -> None:
    """End with the exit code of an interruption if a proof was ended by one.

    Its answer so far has been told, and its `file` written: say how to go on.
    """
    if proof is None or not proof.interrupted:
        return
    way = f"go on with --proof-from {file}" if file else "no --proof-file was asked for"
    typer.echo(f"Interrupted; {way}.", err=True)
    raise typer.Exit(INTERRUPTED)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    for undo in _undo[::-1]:
        undo()
    words = _last_words[-1]() if _last_words else "nothing was written."
    # Past sys.stderr, which may be in the middle of a line.
    os.write(_STDERR, f"\nInterrupted; {words}\n".encode())
    os._exit(INTERRUPTED)
