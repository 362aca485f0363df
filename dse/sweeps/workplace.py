"""Where a sweep works: its store, held for it alone, and what is left if it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dse.explore.shard import Shard
from dse.sweeps.folder import LocalFolder, open_folder, reached
from dse.sweeps.lock import Lock
from dse.sweeps.plan import Plan
from dse.sweeps.store import open_store


class Workplace:
    """A store that is held for a sweep, or for one shard of it."""

    def __init__(self, place: str | Path, shard: Shard) -> None:
        self.folder = open_folder(place)
        self._shared = bool(shard.name)
        self._lock = None
        self._ours: list[Path] = []  # folders that may go once nothing is in them
        if isinstance(self.folder, LocalFolder):
            self.folder.names()  # tells of a file in the way
            path = self.folder.path.absolute()
            missing = [f for f in (path, *path.parents) if not f.exists()]
            found_empty = path.is_dir() and not any(path.iterdir())
            self._lock = Lock(path, shard=shard.name)
            if missing or not (found_empty or path == Path.cwd()):
                self._ours = [path, *missing[1:]]

    def open(self, plan: Plan, *, restart: bool) -> None:
        """Open the store of a sweep, and drop drafts of a process that was killed."""
        self.store = open_store(self.folder, plan, restart=restart)
        if not self._shared:
            self.store.remove_drafts()

    def leave(self) -> str:
        """Say what an end now leaves; where that is nothing, leave no file either."""
        plan = self.store.plan
        there = plan.parts - len(self.store.missing())
        if there:
            return (
                f"{there:,} of {plan.parts:,} parts are kept in "
                f"{self.folder.place}; the same command goes on from there."
            )
        if not self._shared:
            self.store.remove()
        self.close()
        return "nothing was written."

    def close(self) -> None:
        """Let go of the folder; those made for it, or emptied by it, go if empty."""
        if self._lock is None:
            self.folder.remove_if_empty()
            return
        self._lock.close()
        for folder in self._ours:
            LocalFolder(folder).remove_if_empty()


@contextmanager
def open_workplace(
    place: str | Path, plan: Plan, *, shard: Shard, restart: bool = False
) -> Iterator[Workplace]:
    """Open the store of a sweep and hold it; an end with no part kept leaves no trace.

    Raises `InputError` where another sweep is at work, or has kept its parts.
    """
    with reached(place):
        here = Workplace(place, shard)
    try:
        with reached(place):
            here.open(plan, restart=restart)
        try:
            yield here
        except BaseException:
            here.leave()
            raise
    finally:
        here.close()
