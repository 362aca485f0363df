"""Sweeps whose parts are kept: searched here or elsewhere, resumed, and answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from dse.cli.answer import tell, write
from dse.cli.interrupt import interrupted_afterwards, said_on_interrupt
from dse.cli.options import log, shows_progress
from dse.cli.output import PARTIAL, print_json, say
from dse.explore.shard import Shard
from dse.show.text_table import prose
from dse.study.study import Study
from dse.study.summary import summarize
from dse.sweeps.plan import Plan
from dse.sweeps.search import PartSearch
from dse.sweeps.store import Store
from dse.sweeps.sweep import search_parts
from dse.sweeps.workplace import open_workplace


@contextmanager
def workplace(
    place: str, plan: Plan, *, shard: Shard, restart: bool
) -> Iterator[Store]:
    """Hold the store of a sweep; Ctrl-C then says what is kept in it."""
    with ExitStack() as stack:
        with interrupted_afterwards():
            here = stack.enter_context(
                open_workplace(place, plan, shard=shard, restart=restart)
            )
            stack.enter_context(said_on_interrupt(here.leave))
        yield here.store


def sweep_parts(
    study: Study,
    store: Store,
    *,
    out: Path | None,
    shard: Shard,
    dask: str | None,
    as_json: bool,
) -> None:
    """Search the parts that a store lacks; tell and write the answer of all.

    A shard does its share and answers nothing. Where parts failed, the exit code is 3.
    """
    finder = None
    if dask is not None:
        from dse.sweeps.dask import dask_finder

        finder = dask_finder(dask, study, store)
    progress = shows_progress()
    found = search_parts(study, store, shard=shard, finder=finder, progress=progress)
    missing = store.missing()
    failed = sorted(set(missing) & set(shard.parts(store.plan.parts)))
    if shard.name:
        _tell_shard(store, shard, missing, as_json)
    if failed:
        log.warning(
            f"{len(failed):,} of {store.plan.parts:,} parts failed; what was found is "
            f"kept in {store.folder.place}, and the same command goes on from there."
        )
        raise typer.Exit(PARTIAL)
    if not shard.name:
        spent = store.plan.kept.kind != "all"
        if spent and len(found.front()) == 0:
            store.remove()  # complete, and no use to anybody
        answer(study, store, found, out=out, as_json=as_json)
        if spent and out is not None:
            store.remove()  # the answer stands without them


def answer(
    study: Study,
    store: Store,
    found: PartSearch,
    *,
    out: Path | None,
    as_json: bool,
) -> None:
    """Tell and write what all parts of a sweep come to."""
    summary = summarize(study, found.front())
    tell(summary, as_json)
    if out is not None:
        tables = {}
        if store.plan.kept.kind == "top":
            tables["top"] = found.best()
        if store.plan.kept.kind == "sample":
            tables["sample"] = found.sample()
        write(summary, found.evaluator, out, tables)


def _tell_shard(store: Store, shard: Shard, missing: list[int], as_json: bool) -> None:
    if as_json:
        print_json({"shard": shard.name, "missing_parts": missing})
        return
    left = (
        f"{len(missing):,} of {store.plan.parts:,} parts are still missing."
        if missing
        else "all parts are there: the same command without --shard answers."
    )
    say(prose(f"Shard {shard.name} is done; {left}"))
