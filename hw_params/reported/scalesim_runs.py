"""Run SCALE-Sim 3.0.0 on small random products and write its cycles as a table.

It needs an environment of its own: `pip install "scalesim==3.0.0" "numpy<2"
"pandas<2.3"`, then `python scalesim_runs.py dense scalesim_dense.csv`, and the same
with `sparse`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import random
import sys
import tempfile
from pathlib import Path

from scalesim.scale_sim import scalesim

CONFIG = """\
[general]
run_name = case
[architecture_presets]
ArrayHeight = {rows}
ArrayWidth = {columns}
IfmapSramSzkB = 256
FilterSramSzkB = 256
OfmapSramSzkB = 256
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Dataflow = {dataflow}
Bandwidth = 10
ReadRequestBuffer = 64
WriteRequestBuffer = 64
[layout]
IfmapCustomLayout = False
IfmapSRAMBankBandwidth = 10
IfmapSRAMBankNum = 10
IfmapSRAMBankPort = 2
FilterCustomLayout = False
FilterSRAMBankBandwidth = 10
FilterSRAMBankNum = 10
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = {sparse}
SparseRep = ellpack_block
OptimizedMapping = {row_wise}
BlockSize = {group}
RandomNumberGeneratorSeed = {seed}
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
"""
LAYOUT = "Layer name," + "value," * 22 + "\nproduct," + "1," * 22 + "\n"
INPUTS = ("dataflow", "m", "k", "n", "rows", "columns")
SPARSE_INPUTS = ("kept", "group", "mapping")


def simulate(case: dict[str, int | str]) -> dict[str, int]:
    """Return total, stall and compute cycles of one product [m, k] x [k, n]."""
    mapping = case.get("mapping", "dense")
    kept, group = case.get("kept", 1), case.get("group", 1)
    config = CONFIG.format(
        **{name: case[name] for name in ("rows", "columns", "dataflow")},
        sparse=mapping != "dense",
        row_wise=mapping == "row_wise",
        group=group,
        seed=case.get("seed", 1),
    )
    product = f"product,{case['m']},{case['n']},{case['k']},{kept}:{group},\n"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "case.cfg").write_text(config)
        (folder / "case.csv").write_text(f"Layer,M,N,K,Sparsity,\n{product}")
        (folder / "layout.csv").write_text(LAYOUT)
        with contextlib.redirect_stdout(io.StringIO()):
            scalesim(
                save_disk_space=True,
                verbose=False,
                config=str(folder / "case.cfg"),
                topology=str(folder / "case.csv"),
                layout=str(folder / "layout.csv"),
                input_type_gemm=True,
            ).run_scale(top_path=name)
        report = next(folder.rglob("COMPUTE_REPORT.csv"))
        with report.open(newline="") as file:
            row = next(csv.DictReader(file, skipinitialspace=True))
    total, stall = (int(float(row[f"{what} Cycles"])) for what in ("Total", "Stall"))
    return {"cycles": total, "stall_cycles": stall}


def dense_cases() -> list[dict[str, int | str]]:
    """Return 180 products, 60 for each dataflow, of random sizes, seconds each."""
    draw = random.Random(1)
    return [
        {
            "dataflow": dataflow,
            **{side: draw.randint(1, 96) for side in ("m", "k", "n")},
            "rows": draw.randint(1, 32),
            "columns": draw.randint(1, 32),
        }
        for dataflow in ("ws", "os", "is")
        for _ in range(60)
    ]


def sparse_cases() -> list[dict[str, int | str]]:
    """Return 120 sparse products; only `ws` runs sparse there.

    `layer_wise` keeps the first `kept` of each `group` of all columns; half of these
    cases have a summed axis that is no multiple of the group. `row_wise` draws a number
    up to group/2 for each column and schedules every column at group/2.
    """
    draw = random.Random(2)
    cases: list[dict[str, int | str]] = []
    for number in range(120):
        mapping = "row_wise" if number % 3 == 2 else "layer_wise"
        group = draw.choice((4, 8, 16) if mapping == "row_wise" else (2, 4, 8, 16))
        kept = group // 2 if mapping == "row_wise" else draw.randint(1, group - 1)
        ragged = draw.randint(1, group - 1) if number % 3 == 1 else 0
        twice = 2 if mapping == "row_wise" else 1
        cases.append(
            {
                "dataflow": "ws",
                "m": draw.randint(1, 64),
                "k": twice * group * draw.randint(1, 96 // group) + ragged,
                "n": draw.randint(1, 64),
                "rows": group * draw.randint(1, 32 // group),
                "columns": draw.randint(1, 32),
                "kept": kept,
                "group": group,
                "mapping": mapping,
                "seed": number,
            }
        )
    return cases


def main(kind: str, path: str) -> None:
    """Write the runs of `dense` or `sparse` cases to a CSV, one row per run."""
    cases = dense_cases() if kind == "dense" else sparse_cases()
    inputs = INPUTS if kind == "dense" else INPUTS + SPARSE_INPUTS
    with open(path, "w", newline="") as file:
        table = csv.DictWriter(file, (*inputs, "cycles", "stall_cycles"))
        table.writeheader()
        for case in cases:
            kept = {name: case[name] for name in inputs}
            table.writerow(kept | simulate(case))
            file.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
