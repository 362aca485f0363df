"""One sweep at a time in a folder; shards of one sweep may share it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dse.errors import InputError

LOCK = "lock"


@contextmanager
def locked(folder: Path, *, shard: str = "") -> Iterator[None]:
    """Hold a folder for this process; the system lets go of it however that ends.

    A whole sweep holds the folder alone. A shard, named as `3-of-8`, shares it with
    other shards, but not with another process of the same name. Raises `InputError`
    where somebody holds it already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held = [_hold(folder / LOCK, shared=bool(shard))]
    try:
        if shard:
            held.append(_hold(folder / f"{LOCK}-{shard}", shared=False))
        yield
    finally:
        for file in held:
            os.close(file)


def _hold(path: Path, *, shared: bool) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise InputError(
            f"another sweep is at work in {path.parent}; wait for it, or give this one "
            "another folder."
        ) from None
    return file
