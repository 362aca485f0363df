"""Files, written so that each is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

DRAFT = ".draft"  # ends the name of a file that is being written


def write_whole(path: Path, data: str | bytes, draft: str = "") -> None:
    """Write a file that survives a fall of the power once this returns.

    Until then, and where it fails, an older file of that name stays as it was. The
    `draft` is the name of the file meanwhile, in the same folder.
    """
    path = path.resolve()  # what a link points to, not the link
    half = path.with_name(draft or f".{path.name}{DRAFT}")
    raw = data.encode() if isinstance(data, str) else data
    try:
        with half.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    except OSError:
        half.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too, reaches the disk
    finally:
        os.close(folder)
