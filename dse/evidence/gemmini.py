"""Gemmini's RTL at given loop nests, against a model of its calls.

A call works as long as its slowest part, and calls follow each other:

    cycles = latency + calls max(issue, feed, move)
    feed   = commands t_command + max(rows, blocks array)
    move   = moved / bandwidth + fetches t_fetch + pages t_page + results t_result

`issue` is what the processor needs for the commands of a call. What is counted says
`loop_nest`; numbers are those of `hw_params/gemmini.toml`, fitted to every tenth run.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dse.csv_file import number_in, read_rows
from dse.errors import InputError
from dse.evidence.loop_nest import DIMENSIONS, Layer, LoopNest, Work, work_of
from dse.evidence.run_errors import compare_rows
from dse.hardware.technology import Technology, load_technology
from dse.shipped import hw_params_folder


def cycles(work: Work, technology: Technology) -> float:
    """Return the cycles of a layer, from the first command to the last result."""

    def number(name: str) -> float:
        return float(technology[f"gemmini.{name}"])

    issue = number("issue_product" if work.product else "issue_convolution")
    feed = work.commands * number("command") + max(work.rows, work.blocks * work.array)
    move = (
        work.moved / number("bandwidth")
        + work.fetches * number("fetch")
        + work.pages * number("page")
        + work.results * number("result")
    )
    return number("latency") + work.calls * max(issue, feed, move)


def validate(data: Path | None = None, *, progress: bool = True) -> dict[str, Any]:
    """Compare a table of runs with the model; columns as DOSA's authors name them.

    Returns `quantities` over runs that nothing was fitted to, the same for products and
    convolutions and for runs that were fitted to under `groups`, and a record per run.
    Raises `InputError` for a file, column or value that cannot be read.
    """
    path = data or hw_params_folder() / "reported" / "gemmini_rtl.csv"
    technology = load_technology("gemmini")
    rows = read_rows(path, "a CSV with one run per row")
    return compare_rows(
        rows, partial(_compare, technology=technology), progress=progress
    )


def read_run(place: str, row: Mapping[str, str]) -> tuple[Work, float]:
    """Return the work of a row of a table, and the cycles that it took."""
    sizes = {name: _whole(place, row, f"prob.{name}") for name in DIMENSIONS}
    layer = Layer(sizes, _whole(place, row, "prob.Wstride"))
    nest = LoopNest.from_text(row.get("mapping.mapping") or "", place)
    taken = number_in(place, "target.gemmini_cycle", row.get("target.gemmini_cycle"))
    if taken <= 0.0:
        raise InputError(f"{place}: `target.gemmini_cycle` is {taken:g}; write more.")
    return work_of(layer, nest, place), taken


def _compare(
    place: str, row: Mapping[str, str], technology: Technology
) -> dict[str, Any]:
    work, taken = read_run(place, row)
    found = cycles(work, technology)
    fitted = bool((row.get("fitted") or "").strip())
    kind = "product" if work.product else "convolution"
    return {
        "place": place,
        "group": f"{kind} {'that was fitted to' if fitted else 'unseen'}",
        "fitted": fitted,
        "claimed": {"cycles": taken},
        "found": {"cycles": found},
        "errors": {"cycles": found / taken - 1.0},
    }


def _whole(place: str, row: Mapping[str, str], name: str) -> int:
    number = number_in(place, name, row.get(name))
    if not (number.is_integer() and 1 <= number <= 10**9):
        raise InputError(f"{place}: `{name}` is {number:g}; write a whole number.")
    return int(number)
