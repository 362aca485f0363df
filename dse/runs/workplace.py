"""Where a sweep works: its store, held for it alone, and what is left if it ends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from dse.runs.folder import DRAFT, LocalFolder, open_folder
from dse.runs.lock import locked
from dse.runs.plan import Plan
from dse.runs.shard import Shard
from dse.runs.store import Store, open_store


@dataclass(frozen=True)
class Workplace:
    """A store, and the folder that had to be made for it, if any."""

    store: Store
    made: Path | None

    def leave(self) -> str:
        """Say what an end now leaves; where that is nothing, leave no folder either."""
        plan = self.store.plan
        there = plan.parts - len(self.store.missing())
        if there:
            return (
                f"{there:,} of {plan.parts:,} parts are kept in "
                f"{self.store.folder.place}; the same command goes on from there."
            )
        if self.made is not None:
            shutil.rmtree(self.made, ignore_errors=True)
        return "nothing was written."


@contextmanager
def open_workplace(
    place: str | Path, plan: Plan, *, shard: Shard, restart: bool = False
) -> Iterator[Workplace]:
    """Open the store of a sweep and hold it; an end with no part kept leaves no trace.

    Raises `InputError` where another sweep is at work, or has kept its parts.
    """
    folder = open_folder(place)
    local = folder.path if isinstance(folder, LocalFolder) else None
    made = None if local is None or shard.name else _first_missing(local)
    hold = nullcontext() if local is None else locked(local, shard=shard.name)
    with hold:
        if local is not None and not shard.name:
            for draft in local.glob(f"*{DRAFT}"):  # of a process that was killed
                draft.unlink()
        here = Workplace(open_store(folder, plan, restart=restart), made)
        try:
            yield here
        except BaseException:
            here.leave()
            raise


def _first_missing(folder: Path) -> Path | None:
    """Return the outermost of the folders that must be made for this one to exist."""
    missing = [f for f in (folder, *folder.absolute().parents) if not f.exists()]
    return missing[-1] if missing else None
