"""SCALE-Sim's cycles against those of the N:M engine, product by product.

SCALE-Sim steps a systolic array cycle by cycle; `dse.engines.nm.timing` has closed
forms for it. It prints the number of its last cycle, counted from zero, so a product of
c cycles stands there as c - 1. Its two meanings of sparsity agree with ours so far:

- `layer_wise` keeps N of every M of all columns. A last group that is not full keeps
  min(N, what there is) there, and N here, as it is stored.
- `row_wise` draws a number up to M/2 for each column and schedules all at M/2: that is
  M/2 : M here, with the summed axis made whole to 2 M.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from dse.csv_file import read_rows
from dse.engines.nm.engine import NMEngine
from dse.engines.nm.timing import product_cycles
from dse.errors import InputError, did_you_mean, quoted
from dse.evidence.run_errors import compare_rows
from dse.shipped import hw_params_folder

DATAFLOWS = {
    "os": "output_stationary",
    "ws": "weight_stationary",
    "is": "input_stationary",
}
MAPPINGS = ("dense", "layer_wise", "row_wise")
_MOST = 10**15
_SIZES = ("m", "k", "n", "rows", "columns", "cycles")


def validate(data: Path | None = None, *, progress: bool = True) -> dict[str, Any]:
    """Compare every run of a table, or of both that come with dse, with the engine.

    Returns `quantities` over all runs, the same under `groups` by dataflow, mapping and
    whether the groups fill the summed axis, and one record per run. Raises `InputError`
    for a file, column or value that cannot be read.
    """
    folder = hw_params_folder() / "reported"
    shipped = [folder / f"scalesim_{kind}.csv" for kind in ("dense", "sparse")]
    rows = [
        row
        for path in ([data] if data else shipped)
        for row in read_rows(path, "a CSV with one row per run")
    ]
    return compare_rows(rows, _compare, progress=progress)


def _compare(place: str, row: Mapping[str, str | None]) -> dict[str, Any]:
    size = {name: _count(place, row, name) for name in _SIZES}
    dataflow = _choice(place, "dataflow", row.get("dataflow"), DATAFLOWS)
    given = row.get("mapping") or "dense"
    mapping = _choice(place, "mapping", given, MAPPINGS)
    kept, group, summed = 1, 1, size["k"]
    if mapping != "dense":
        kept, group = _count(place, row, "kept"), _count(place, row, "group")
    if mapping == "row_wise":
        kept = group // 2
        summed = -(-summed // (2 * group)) * 2 * group
    is_whole = summed % group == 0
    array = NMEngine(
        tile_rows=size["rows"],
        tile_columns=size["columns"],
        tile_depth=1,
        dataflow=DATAFLOWS[dataflow],
    )
    with jax.enable_x64(True):
        cycles = product_cycles(
            array,
            rows=float(size["m"]),
            summed=float(summed),
            columns=float(size["n"]),
            kept=float(kept),
            group=float(group),
        )
    found = float(cycles) - 1.0
    flow = f"{DATAFLOWS[dataflow]} {mapping.replace('_', '-')}"
    return {
        "place": place,
        "group": flow + ("" if is_whole else " with a last group not full"),
        "claimed": {"cycles": size["cycles"]},
        "found": {"cycles": found},
        "errors": {"cycles": (found - size["cycles"]) / max(size["cycles"], 1)},
    }


def _count(place: str, row: Mapping[str, str | None], name: str) -> int:
    text = row.get(name)
    if text is None:
        raise InputError(f"{place}: there is no column `{name}`; add it.")
    least = 0 if name == "cycles" else 1
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not least <= number <= _MOST:
        wanted = f"{least} or more" if number < least else f"at most {_MOST:,}"
        raise InputError(
            f"{place}: `{name}` is {quoted(text)}; write a whole number, {wanted}."
        )
    return number


def _choice(place: str, name: str, given: str | None, known: Any) -> str:
    if given not in known:
        meant = did_you_mean(given or "", known)
        raise InputError(f"{place}: `{name}` is {given!r}.{meant}")
    return str(given)
