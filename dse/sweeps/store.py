"""A store of parts: what a sweep has found so far, safe from whatever may end it.

A manifest holds the plan and never changes; each part is one Parquet file that appears
whole. The state of a part is its file: there, not there, or set aside as torn. Many
processes may therefore write parts of one sweep without talking to each other.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dse.errors import InputError
from dse.files import DRAFT
from dse.sweeps.folder import PARTS, Folder, LocalFolder, open_folder, reached
from dse.sweeps.part_file import TornError, part_name, part_number, read_part
from dse.sweeps.plan import Plan, agreed, read_plan

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "manifest.json"
TORN = ".torn"  # ends the name of a part that was set aside

log = logging.getLogger("dse.sweeps")


class Store:
    """The parts of one sweep in a folder."""

    def __init__(self, folder: Folder, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.run = hashlib.sha256(plan.to_json().encode()).hexdigest()[:16]

    def write(self, part: int, data: bytes) -> None:
        """Keep a part."""
        self.folder.write(part_name(part, data, self.run), data)

    def files(self) -> list[str]:
        """Return the names of all parts that are there, in their order."""
        names = self.folder.names()
        return [name for name in names if part_number(name, self.run) is not None]

    def missing(self) -> list[int]:
        """Return the numbers of the parts that have no file."""
        there = {part_number(name, self.run) for name in self.files()}
        return [part for part in range(self.plan.parts) if part not in there]

    def parts(self, *, set_aside: bool) -> Iterator[tuple[int, pa.Table]]:
        """Yield number and table of every whole part, in order.

        A torn one is told of and left out; `set_aside` gives it another name, so that
        its place counts as missing.
        """
        for name in self.files():
            part = part_number(name, self.run)
            assert part is not None
            try:
                table = read_part(name, self.folder.read(name), self.run)
            except TornError as fault:
                remedy = "left out"
                if set_aside:
                    self.folder.rename(name, name + TORN)
                    remedy = f"set aside as {name}{TORN}, to be computed again"
                log.warning(f"{self.folder.place}/{name}: {fault}; {remedy}.")
                continue
            yield part, table

    def remove(self) -> None:
        """Remove manifest and parts, torn ones too: this run's own, and no other."""
        for name in self.folder.names():
            whole = name.removesuffix(TORN)
            if name == MANIFEST or part_number(whole, self.run) is not None:
                self.folder.delete(name)

    def remove_drafts(self) -> None:
        """Remove what a killed process of this run left half written."""
        if isinstance(self.folder, LocalFolder):
            for draft in self.folder.path.glob(f"part-*-{self.run}-*{DRAFT}"):
                draft.unlink()
            for draft in self.folder.path.glob(f"{MANIFEST}.*{DRAFT}"):
                draft.unlink()


def open_store(folder: Folder, wanted: Plan, *, restart: bool = False) -> Store:
    """Return the store of a sweep: the one that is there, else a new one.

    Raises `InputError` where the folder holds parts of another sweep, unless these are
    to be dropped (`restart`), or a manifest that no sweep has written.
    """
    if restart and MANIFEST in folder.names():
        _found_store(folder).remove()
    if MANIFEST not in folder.names():
        folder.write(MANIFEST, wanted.to_json().encode())
    found = _found_store(folder)
    try:
        return Store(folder, agreed(found.plan, wanted))
    except InputError as fault:
        raise InputError(
            f"{folder.place} holds parts of another sweep: {fault}. Give --out another "
            "folder, or drop these parts with --restart."
        ) from None


def find_store(place: str | Path) -> Store:
    """Return the store at a place, or in the folder `parts` there.

    Raises `InputError` where there is none.
    """
    with reached(place):
        for at in (str(place), f"{place}/{PARTS}"):
            folder = open_folder(at)
            if MANIFEST in folder.names():
                return _found_store(folder)
    raise InputError(
        f"{place} holds no {MANIFEST}: no sweep keeps its parts there; give the "
        "--out or --store of one."
    )


def _found_store(folder: Folder) -> Store:
    """Return the store of the manifest in a folder; `InputError` if that is none."""
    try:
        plan = read_plan(folder.read(MANIFEST).decode(errors="replace"))
    except InputError as fault:
        why = str(fault).rstrip(".")
        raise InputError(
            f"{folder.place}/{MANIFEST}: {why}. Move it away, or give another folder."
        ) from None
    return Store(folder, plan)
