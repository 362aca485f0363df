"""How many designs of every engine a second takes: `python -m benchmarks.speed.rates`.

Rows of any numbers, by `dse.compile_model`; grids, by the search of a sweep. The
operations of what is compiled are counted and held against what the machine can do.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import dse
from benchmarks.speed import machine
from benchmarks.speed.table import as_markdown, cpu_seconds, short
from dse.engines.base import Engine
from dse.evaluation import Timing
from dse.explore.basis import Basis
from dse.explore.compiled_model import CompiledModel, compile_model
from dse.explore.evaluator import Evaluator
from dse.explore.front_search import FrontSearch
from dse.explore.objectives import read_objectives
from dse.study.study import BLOCK_SIZE
from dse.workload.ops import Workload

MACHINES: dict[str, Engine] = {
    "tile": dse.TileEngine.edge(),
    "nm": dse.NMEngine(),
    "crossbar": dse.CrossbarEngine.isaac(),
    "sprint": dse.SprintEngine.m_sprint(),
    "sprint beside tile": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.SprintEngine.m_sprint()
    ),
    "filter": dse.FilterEngine.energon_edge(),
    "filter beside tile": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.FilterEngine.energon_edge()
    ),
    "reference": dse.ReferenceMachine.a100(),
}
ATTENTION_ONLY = ("sprint", "filter")
GENERATORS: dict[str, Engine] = {
    "tile": dse.TileEngine.server(),
    "nm": dse.NMEngine.sparse_tensor_core(),
    "reference": dse.ReferenceMachine.a100(),
}
GENERATIONS = {
    "Llama-3-8B": dse.generation("llama-3-8b", prompt=2048, new_tokens=256, batch=8),
    "Mixtral-8x7B": dse.generation(
        "mixtral-8x7b", prompt=2048, new_tokens=256, batch=8
    ),
}
ROWS = 2**19
GRID_AXES = 14
OBJECTIVES = ("max:throughput", "min:energy", "min:area")


class Measured(NamedTuple):
    """A rate of one engine; `limit` is that of its arithmetic alone, 0 if not asked."""

    engine: str
    what: str
    numbers: int  # that change from row to row
    operations: int  # of a design
    per_cpu_s: float
    per_s: float
    limit: float


def workload(engine: str) -> Workload:
    """Return BERT-Base as an engine runs it, half of all values zero."""
    bert = dse.transformer("bert-base", seq_len=128, batch=4)
    bert = bert.with_density(activation=0.5, weight=0.5)
    return bert.attention_only() if engine in ATTENTION_ONLY else bert


def rows_around(design: Engine, count: int) -> dict[str, Any]:
    """Return any numbers from half to twice those of a design, labels at random."""
    random = np.random.default_rng(0)
    table: dict[str, Any] = {"batch": random.choice([1.0, 4.0, 16.0, 32.0], count)}
    for name, meaning in design.meanings().items():
        if meaning.choices:
            table[name] = random.integers(len(meaning.choices), size=count)
            continue
        number = float(design.number(name)) * 2.0 ** random.uniform(-1.0, 1.0, count)
        whole = np.round(number) if meaning.integer else number
        table[name] = np.clip(whole, meaning.low, meaning.high)
    return {name: column.astype(np.float32) for name, column in table.items()}


def any_rows(engine: str, timing: Timing, rows: int) -> Measured:
    """Measure metrics of rows in which every number of the design is free."""
    table = rows_around(MACHINES[engine], rows)
    model = compile_model(MACHINES[engine], workload(engine), over=table, timing=timing)
    return _measured(engine, f"rows, {timing}", model, None, lambda: model(table), rows)


def generations(rows: int) -> list[Measured]:
    """Measure rows of machines that read a prompt and answer it, all numbers free."""
    found = []
    for name, work in GENERATIONS.items():
        for engine, design in GENERATORS.items():
            table = rows_around(design, rows)
            model = compile_model(design, work, over=table)
            run = functools.partial(model, table)
            found.append(_measured(engine, f"rows, {name}", model, None, run, rows))
    return found


def gradients(engine: str, timing: Timing, rows: int) -> Measured:
    """Measure energy delay and its slope by all numbers of design and technology."""
    design = MACHINES[engine]
    technology = {k: float(v) for k, v in design.default_technology().values.items()}
    table = rows_around(design, rows) | technology
    model = compile_model(design, workload(engine), over=table, timing=timing)

    def work() -> None:
        model.value_and_gradient("energy_delay", table)

    what = f"values and gradients, {timing}"
    return _measured(engine, what, model, "energy_delay", work, rows)


def _measured(
    engine: str,
    what: str,
    model: CompiledModel,
    metric: str | None,
    work: Callable[[], Any],
    rows: int,
) -> Measured:
    operations = model.code(metric).count()
    per_cpu_s = rows / cpu_seconds(work)
    return Measured(
        engine,
        what,
        len(model.names),
        operations.total(),
        per_cpu_s,
        rows / _seconds(work),
        machine.limit(operations),
    )


def grid(engine: str, timing: Timing) -> Measured:
    """Measure the search of a grid: three values of the first numbers."""
    design = MACHINES[engine]
    known = design.meanings().items()
    around = {}
    for name, meaning in known:
        number = float(design.number(name))
        if meaning.choices or not number or len(around) == GRID_AXES:
            continue
        around[name] = [number * share for share in (1.0, 2.0, 4.0)]
        around[name] = [v for v in around[name] if v <= meaning.high]
    space = dse.Space(design, **around)
    suite = ((workload(engine), 1.0),)
    evaluator = Evaluator(space, Basis(suite, design.default_technology(), timing))

    def work() -> None:
        wanted = read_objectives(OBJECTIVES)
        search = FrontSearch(space, evaluator, wanted, (), "all")
        search.prepare(BLOCK_SIZE)
        search.search(range(search.blocks), lambda _: None)
        search.found.front()

    per_cpu_s = space.size / cpu_seconds(work, repeats=2)
    return Measured(
        engine,
        f"grid, {timing}",
        len(around),
        0,
        per_cpu_s,
        space.size / _seconds(work),
        0.0,
    )


def _seconds(work: Callable[[], Any], repeats: int = 3) -> float:
    spent = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return min(spent)


def as_text(measured: list[Measured]) -> str:
    """Return the rates as a Markdown table."""
    heads = [
        "engine",
        "what",
        "numbers",
        "operations",
        "per CPU s",
        "per s",
        "of limit",
    ]
    rows = [
        [
            *(m.engine, m.what, m.numbers, m.operations or ""),
            *(short(m.per_cpu_s), short(m.per_s)),
            f"{m.per_cpu_s / m.limit:.0%}" if m.limit else "",
        ]
        for m in measured
    ]
    return as_markdown(heads, rows)


def main() -> None:
    """Measure, print, and record if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.rates")
    parser.add_argument("--out", type=Path, help="a JSON file to record the run in")
    parser.add_argument("--engine", choices=MACHINES, help="only this one")
    parser.add_argument("--scale", type=float, default=1.0, help="of all work")
    given = parser.parse_args()
    rows = max(int(ROWS * given.scale), 1)
    timings: tuple[Timing, ...] = ("walk", "roofline")
    found = []
    for engine in [given.engine] if given.engine else MACHINES:
        for timing in timings:
            found.append(any_rows(engine, timing, rows))
            found.append(gradients(engine, timing, rows // 2))
            found.append(grid(engine, timing))
            sys.stderr.write(f"{engine}, {timing}: measured\n")
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "peak_per_cpu_s": machine.peak(),
        "bytes_per_cpu_s": machine.bandwidth(),
        "rates": [m._asdict() for m in found],
    }
    if given.out is not None:
        given.out.write_text(json.dumps(record, indent=1) + "\n")
    sys.stdout.write(as_text(found))
    sys.stdout.write(
        f"\nFused multiplications and additions: {short(machine.peak())} a CPU second; "
        f"memory: {short(machine.bandwidth())} bytes a CPU second.\n"
    )


if __name__ == "__main__":
    main()
