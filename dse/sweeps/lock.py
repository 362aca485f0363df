"""One sweep at a time in a folder; shards of one sweep may share it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from dse.errors import InputError


class Lock:
    """A folder held for this process; the system lets go of it however that ends.

    A whole sweep holds the folder alone. A shard, named as `3-of-8`, shares it with
    other shards, but not with another process of the same name. Raises `InputError`
    where somebody holds it already.
    """

    def __init__(self, folder: Path, *, shard: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._held = [_hold(folder / "sweep.lock", shared=bool(shard))]
        if shard:
            try:
                self._held.append(_hold(folder / f"sweep-{shard}.lock", shared=False))
            except InputError:
                self.close()
                raise

    def close(self) -> None:
        """Let go of the folder, and remove the files of the lock that nobody shares."""
        while self._held:
            path, file = self._held.pop()
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file).st_size == 0 and _is_at(path, file):
                    path.unlink()
            except BlockingIOError:
                pass  # another shard holds it
            finally:
                os.close(file)


def _hold(path: Path, *, shared: bool) -> tuple[Path, int]:
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise InputError(
                f"another sweep is at work in {path.parent}; wait for it, or give this "
                "one another folder."
            ) from None
        if _is_at(path, file):
            return path, file
        os.close(file)  # its last holder has just removed it


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
