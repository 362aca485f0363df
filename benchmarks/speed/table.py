"""Rates in CPU seconds, and the tables they stand in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

REPEATS = 5


class Rate(NamedTuple):
    """How many of something are done in a CPU second, user and system of all threads.

    `how` says where that comes from: `measured`, or quoted from where and when. A rate
    of work of another kind is shown, but not compared.
    """

    name: str
    one: str
    per_cpu_s: float
    how: str = "measured"
    compared: bool = True


def cpu_seconds(work: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Return the CPU seconds of the least disturbed of several calls, after a first."""
    work()
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def rate(
    name: str, one: str, work: Callable[[], Any], count: int, repeats: int = REPEATS
) -> Rate:
    """Return how often a call that does `count` of something does one."""
    return Rate(name, one, count / cpu_seconds(work, repeats))


def rates_as_markdown(rates: Sequence[Rate]) -> str:
    """Return a table of rates, each against the first."""
    best = rates[0].per_cpu_s

    def against(rate: Rate) -> str:
        return short(best / rate.per_cpu_s) if rate.compared else "not compared"

    rows = [[r.name, r.one, short(r.per_cpu_s), against(r), r.how] for r in rates]
    heads = ["", "one is", "per CPU second", "the first is … times as fast", ""]
    return as_markdown(heads, rows)


def as_markdown(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table as Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def short(number: float) -> str:
    """Return a number to two digits, as people read it: 13,000,000 or 0.029."""
    if number == 0 or not np.isfinite(number):
        return f"{number:g}"
    digits = 1 - int(np.floor(np.log10(abs(number))))
    return f"{round(number, digits):,.{max(digits, 0)}f}"
