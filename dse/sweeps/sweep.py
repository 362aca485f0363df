"""A sweep in parts: each is kept as soon as it is found, and none is searched twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from dse.errors import InputError
from dse.explore.progress import progress_bar
from dse.explore.shard import Shard
from dse.study.study import Study
from dse.sweeps.fingerprint import fingerprint
from dse.sweeps.part_file import part_name, read_part
from dse.sweeps.plan import agreed
from dse.sweeps.search import PartSearch
from dse.sweeps.store import Store

log = logging.getLogger("dse.sweeps")

# Finds parts: given their numbers and what to tell of progress, yields them as files.
Finder = Callable[[list[int], Callable[[int], Any]], Iterator[tuple[int, bytes]]]


def search_parts(
    study: Study,
    store: Store,
    *,
    shard: Shard,
    finder: Finder | None = None,
    progress: bool = True,
) -> PartSearch:
    """Search the parts of a shard that a store lacks; return all that is known then.

    `finder` stands in for this process. A part that cannot be kept raises `OSError`.
    """
    search = PartSearch(study, store.plan, store.run)
    done = set()
    for part, table in store.parts(set_aside=True):
        search.learn(table)
        done.add(part)
    mine = shard.parts(store.plan.parts)
    waiting = [part for part in mine if part not in done]
    if done:
        here = len(mine) - len(waiting)
        log.info(f"{here:,} of {len(mine):,} parts are there; going on from them.")

    def find_here(
        parts: list[int], report: Callable[[int], Any]
    ) -> Iterator[tuple[int, bytes]]:
        for part in parts:
            yield part, search.find(part, report)

    size = store.plan.designs
    share = size // max(store.plan.parts, 1)
    with progress_bar(
        progress,
        unit="design",
        total=min(size, share * len(mine)),
        initial=min(size, share * (len(mine) - len(waiting))),
    ) as bar:
        for part, data in (finder or find_here)(waiting, bar.update):
            _keep(store, part, data)
            if finder is not None:
                search.learn(
                    read_part(part_name(part, data, store.run), data, store.run)
                )
    return search


def join_parts(study: Study, stores: Sequence[Store]) -> tuple[PartSearch, list[int]]:
    """Return what is known from the parts of several stores, and which parts lack.

    Stores are left as they are. Raises `InputError` where one is of another sweep.
    """
    first = stores[0]
    wanted = replace(first.plan, fingerprint=fingerprint(study))
    search = PartSearch(study, first.plan, first.run)
    missing = set(range(first.plan.parts))
    for store in stores:
        try:
            same = agreed(store.plan, wanted) == store.plan and store.run == first.run
            fault = "" if same else "it is cut into other parts"
        except InputError as unlike:
            fault = str(unlike)
        if fault:
            raise InputError(
                f"{store.folder.place} is of another sweep: {fault}; leave it out."
            )
        for part, table in store.parts(set_aside=False):
            search.learn(table)
            missing.discard(part)
    return search, sorted(missing)


def _keep(store: Store, part: int, data: bytes) -> None:
    try:
        store.write(part, data)
    except OSError as fault:
        safe = store.plan.parts - len(store.missing())
        raise OSError(
            f"part {part:,} could not be kept in {store.folder.place}: {fault}. "
            f"{safe:,} of {store.plan.parts:,} parts are safe there; make room, and "
            "the same command goes on from them."
        ) from fault
