"""What verbs leave behind: JSON on stdout, and files that appear all at once."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from dse.cli.interrupt import removed_on_interrupt, uninterrupted
from dse.errors import InputError

PARTIAL = 3  # exit code: done, but not for all of the input


def print_json(data: Any) -> None:
    """Print data as JSON."""
    typer.echo(json_text(data))


def json_text(data: Any) -> str:
    """Return data as JSON; numbers keep all digits, what is not finite becomes null."""
    return json.dumps(_finite(data), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def check_folder(folder: Path) -> None:
    """Raise `InputError` where results could not be written to a folder."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; give --out a folder.")
    place = _existing(folder)
    if not os.access(place, os.W_OK):
        raise InputError(f"{place} cannot be written to; give --out another folder.")


@contextmanager
def written_together(folder: Path, *, first: str = "") -> Iterator[Path]:
    """Give a folder for drafts; they move to `folder` together once all are written.

    The file named `first` moves before the others.
    Whatever ends the block early leaves `folder` as it was, or uncreated.
    """
    parent = _existing(folder.absolute().parent)
    with (
        tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=parent) as name,
        removed_on_interrupt(Path(name)),
    ):
        yield Path(name)
        drafts = sorted(Path(name).iterdir(), key=lambda f: (f.name != first, f))
        for draft in drafts:
            _reach_disk(draft)
        with uninterrupted():
            folder.mkdir(parents=True, exist_ok=True)
            for draft in drafts:
                os.replace(draft, folder / draft.name)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one around it that is there."""
    around = (folder, *folder.absolute().parents)
    return next(place for place in around if place.is_dir())


def _reach_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
