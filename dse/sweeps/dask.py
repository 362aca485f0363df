"""Parts of a sweep found by the workers of a Dask cluster."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from dse.errors import InputError
from dse.study.study import Study
from dse.sweeps.fingerprint import differences, fingerprint
from dse.sweeps.plan import Plan
from dse.sweeps.search import PartSearch
from dse.sweeps.store import Store

LOCAL = "local"
RETRIES = 3  # of a part whose worker was lost or failed

log = logging.getLogger("dse.sweeps")
_one_at_a_time = threading.Lock()  # threads of one worker share what it knows


def dask_finder(
    address: str, study: Study, store: Store
) -> Callable[[list[int], Callable[[int], Any]], Iterator[tuple[int, bytes]]]:
    """Return what finds parts on the cluster at an address, or on a new local one.

    Workers need no access to the store: parts come back to this process. A part that
    fails on every worker is told of and left out. Raises `InputError` without Dask.
    """
    try:
        from distributed import Client, LocalCluster, as_completed
    except ImportError:
        raise InputError('--dask needs Dask: pip install ".[dist]".') from None

    def find(
        parts: list[int], report: Callable[[int], Any]
    ) -> Iterator[tuple[int, bytes]]:
        with ExitStack() as opened:
            where: Any = address
            if address == LOCAL:
                where = opened.enter_context(
                    LocalCluster(
                        n_workers=os.cpu_count(),
                        threads_per_worker=1,
                        dashboard_address="127.0.0.1:0",  # any free port
                    )
                )
            client = opened.enter_context(_client(Client, where, address))
            asked = client.map(
                functools.partial(_find, study, store.plan, store.run),
                parts,
                pure=False,
                retries=RETRIES,
            )
            numbers = dict(zip(asked, parts, strict=True))
            for future in as_completed(asked):
                part = numbers.pop(future)
                fault = future.exception()
                if isinstance(fault, InputError):
                    raise fault
                if fault is not None:
                    log.warning(f"Part {part:,} failed on every worker: {fault}")
                    continue
                report(study.space.size // store.plan.parts)
                yield part, future.result()
                future.release()

    return find


def _client(client: Any, where: Any, address: str) -> Any:
    try:
        return client(where, timeout=20)
    except (OSError, ValueError) as fault:
        raise InputError(
            f"no Dask scheduler answers at {address} ({fault}); start one with "
            "`dask scheduler`, or give --dask local."
        ) from None


def _find(study: Study, plan: Plan, run: str, part: int) -> bytes:
    """Find one part; runs on a worker, which keeps what it knows for the next one."""
    with _one_at_a_time:
        if run not in _searches:
            unlike = differences(plan.fingerprint, fingerprint(study))
            if unlike:
                raise InputError(
                    f"a Dask worker has another {' and '.join(unlike)}; install the "
                    "same dse and the same packages there."
                )
            _searches.clear()
            _searches[run] = PartSearch(study, plan, run)
        return _searches[run].find(part, lambda _: None)


_searches: dict[str, PartSearch] = {}  # by run; one at a time
