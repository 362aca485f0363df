"""What a sweep costs past one machine: a few parts measured, the rest by arithmetic."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import dse
from dse.sweeps.kept import Kept
from dse.sweeps.part_file import candidates, part_name, read_part
from dse.sweeps.plan import make_plan, sensible_parts
from dse.sweeps.search import PartSearch

SPACE = Path(__file__).parents[1] / "acceltran_design_space"
PARTS = 12  # of some 3 million designs
RUN = 16 * "0"  # 16 hex digits that tell this run from others
SIZES = (10**9, 10**12)


def measure() -> dict[str, float]:
    """Search and merge the parts of the published space; times in CPU seconds."""
    study = dse.load_study(SPACE)
    plan = make_plan(study, kept=Kept(), seed=0, parts=PARTS, block_size=2**17)
    searching = PartSearch(study, plan, RUN)
    began = time.process_time()
    files = [searching.find(0, lambda _: None)]  # tables of the space are made here
    start = time.process_time() - began
    files += [searching.find(part, lambda _: None) for part in range(1, PARTS)]
    searched = time.process_time() - began - start
    tables = [read_part(part_name(n, d, RUN), d, RUN) for n, d in enumerate(files)]
    rows = sum(len(candidates(table)) for table in tables)
    merging = PartSearch(study, plan, RUN)
    merging.front()  # nothing, but all is ready then
    began = time.process_time()
    for table in tables:
        merging.learn(table)
    front = merging.front()
    merged = time.process_time() - began
    every = replace(plan, keep="all", parts=sensible_parts(plan.designs, Kept("all")))
    keeping = PartSearch(study, every, RUN)
    keeping.find(0, lambda _: None)
    began = time.process_time()
    table = keeping.find(1, lambda _: None)
    kept, rows_kept = time.process_time() - began, every.designs / every.parts
    return {
        "designs_per_core_second": plan.designs * (1 - 1 / PARTS) / searched,
        "start_seconds": start,
        "rows_per_part": rows / PARTS,
        "bytes_per_part": sum(map(len, files)) / PARTS,
        "merged_rows_per_second": rows / merged,
        "designs_on_front": len(front),
        "kept_rows_per_core_second": rows_kept / kept,
        "bytes_per_kept_row": len(table) / rows_kept,
    }


def extrapolate(found: dict[str, float], designs: int) -> dict[str, float]:
    """Return what a space of so many designs would take."""
    parts = sensible_parts(designs, Kept())
    return {
        "designs": designs,
        "core_hours": designs / found["designs_per_core_second"] / 3600,
        "parts": parts,
        "megabytes_of_parts": parts * found["bytes_per_part"] / 1e6,
        "merge_seconds": parts
        * found["rows_per_part"]
        / found["merged_rows_per_second"],
        "core_hours_if_all_are_kept": designs
        / found["kept_rows_per_core_second"]
        / 3600,
        "terabytes_if_all_are_kept": designs * found["bytes_per_kept_row"] / 1e12,
    }


if __name__ == "__main__":
    measured = measure()
    answers = [extrapolate(measured, designs) for designs in SIZES]
    print(json.dumps({"measured": measured, "extrapolated": answers}, indent=2))
