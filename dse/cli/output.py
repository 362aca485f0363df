"""What verbs say and leave behind: text for people, JSON, files that appear at once."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import typer

from dse.cli.interrupt import interrupted_afterwards, undone_at_the_end, uninterrupted
from dse.errors import InputError
from dse.files import exists, leads_nowhere
from dse.show.text_table import prose, terminal_width, too_wide

SAID: ContextVar[str] = ContextVar("SAID", default="")  # the call, as it was typed
PARTIAL = 3  # exit code: done, but not for all of the input

# Characters that would move the cursor of a terminal, or turn the order of its text.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_DRAFTS = ".dse-draft-"  # begins the name of a folder of drafts

_log = logging.getLogger("dse")
_unsaid: list[OSError] = []  # why stdout did not take what was said


def say(text: str, *, err: bool = False, end: str = "\n") -> None:
    """Print text for people or programs; control characters in it are spelt out.

    A reader that goes away, as `head` does, costs nothing but what it no longer reads;
    any other fault of stdout is told by `check_said` once the work is done. Where a
    table is wider than the terminal, stderr hears how to widen that. What stderr hears
    is wrapped for a terminal; where a program reads it, a message is a line.
    """
    try:
        shown = fitted(seen(text)) if err else seen(text)
        typer.echo(shown + end, err=err, nl=False)
    except OSError as fault:
        if err or fault.errno != errno.EPIPE:
            _unsaid.append(fault)
        _say_no_more(sys.stderr if err else sys.stdout)
    if not err and (wide := too_wide(text)):
        room = f"A table is {wide} columns wide, of {terminal_width()}"
        _log.info(f"{room}: widen the terminal, or set COLUMNS={wide}.")


def fitted(message: str) -> str:
    """Return a message in lines that stderr has room for, where that is a terminal."""
    if not sys.stderr.isatty():
        return message
    with suppress(OSError):
        return prose(message, os.get_terminal_size(sys.stderr.fileno()).columns)
    return prose(message)


@contextmanager
def unread_help() -> Iterator[None]:
    """Take a reader that goes away from a page of help for one who has read enough."""
    try:
        yield
    except BrokenPipeError:
        _say_no_more(sys.stdout)
        raise typer.Exit from None


def seen(text: str) -> str:
    r"""Return text with its control characters as JSON spells them: `\u001b`."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def check_said() -> None:
    """Raise `OSError` where something could not be printed."""
    if _unsaid:
        raise OSError(f"stdout took not all of the answer: {_unsaid.pop().strerror}")


def _say_no_more(stream: Any) -> None:
    """Let what a stream still holds, and all that follows, go nowhere."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def print_json(data: object) -> None:
    """Print data as JSON."""
    say(json_text(data))


def json_text(data: object) -> str:
    """Return data as JSON; numbers keep all digits, what is not finite becomes null."""
    return json.dumps(_finite(data), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(data: object) -> Any:
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def check_folder(folder: Path, option: str = "--out") -> None:
    """Raise `InputError` where files cannot be written to a folder, by trying it.

    Folders that must be made for that are removed again.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; give {option} a folder.")
    missing = _missing(folder)
    with interrupted_afterwards():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_to(folder)
        except OSError as fault:
            raise InputError(
                f"{folder} cannot be written to ({fault.strerror}); give {option} "
                "another folder."
            ) from None
        finally:
            _remove_empty(missing)


def check_names(folder: Path, names: Iterable[str]) -> None:
    """Raise `InputError` where a folder or a pipe is where a file is to go."""
    for path in (folder / name for name in names):
        if exists(path) and not path.is_file():
            raise InputError(
                f"{path} is no file, and a file of the answer goes there; move it "
                "away, or give another folder."
            )


def check_file(file: Path, option: str) -> None:
    """Raise `InputError` where a file cannot be written, by trying its folder."""
    if file.exists() and not file.is_file():
        raise InputError(f"{file} is no file; give {option} the name of one.")
    if leads_nowhere(file):
        raise InputError(f"{file} is a link to nothing; give {option} another name.")
    folder = file.absolute().parent
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; make it first.")
    check_folder(folder, option)


@contextmanager
def written_together(folder: Path, *, first: str = "") -> Iterator[Path]:
    """Give a folder for drafts; they move to `folder` together once all are written.

    The file named `first` moves before the others. Whatever ends the block early leaves
    `folder` as it was, or uncreated; drafts of a process that was killed go now.
    """
    missing = _missing(folder)
    with ExitStack() as stack:
        with interrupted_afterwards():
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(undone_at_the_end(lambda: _remove_empty(missing)))
            for left in folder.glob(f"{_DRAFTS}*"):
                _remove_unless_held(left)
            place = Path(tempfile.mkdtemp(prefix=_DRAFTS, dir=folder))
            stack.enter_context(
                undone_at_the_end(lambda: shutil.rmtree(place, ignore_errors=True))
            )
            stack.callback(os.close, _held(place))
        yield place
        drafts = sorted(place.iterdir(), key=lambda draft: (draft.name != first, draft))
        for draft in drafts:
            _reach_disk(draft)
        with uninterrupted():
            for draft in drafts:
                os.replace(draft, folder / draft.name)


def _write_to(folder: Path) -> None:
    """Write a file without a name, which no kill can leave behind."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(4096))
        file.flush()
        os.fsync(file.fileno())


def _missing(folder: Path) -> list[Path]:
    """Return the folders that must be made for this one to exist, itself first."""
    return [f for f in (folder, *folder.absolute().parents) if not f.exists()]


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # it holds something
            folder.rmdir()


def _held(folder: Path) -> int:
    """Hold a folder of drafts; the system lets go of it however the process ends."""
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def _remove_unless_held(drafts: Path) -> None:
    """Remove the drafts of a process that is no more."""
    with suppress(OSError):  # it is held, or gone
        os.close(_held(drafts))
        shutil.rmtree(drafts)


def _reach_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
