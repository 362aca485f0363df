"""Laws of a whole run over random machines: 100 of each kind by day, 3,000 by night.

A program of each machine and workload is traced once and run by NumPy over them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.engines.base import Engine
from dse.evaluation import metrics

Columns = dict[str, np.ndarray]

EDGE = dse.TileEngine.edge()
MACHINES: dict[str, Engine] = {
    "crossbar-isaac": dse.CrossbarEngine.isaac(),
    "crossbar-neurram": dse.CrossbarEngine.neurram(),
    "crossbar-puma": dse.CrossbarEngine.puma(),
    "filter-and-host": dse.Pair(host=EDGE, coprocessor=dse.FilterEngine.energon_edge()),
    "nm": dse.NMEngine(),
    "nm-fpga": dse.NMEngine.sta_4(),
    "nm-tensor-core": dse.NMEngine.sparse_tensor_core(),
    "reference-a100": dse.ReferenceMachine.a100(),
    "sprint-and-host": dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_sprint()),
    "tile-edge": EDGE,
    "tile-nano": dse.TileEngine.nano(),
    "tile-server": dse.TileEngine.server(),
}
BY_DAY = ("crossbar-puma", "filter-and-host", "nm", "reference-a100", "tile-edge")
BASE = dse.transformer("bert-base", seq_len=128)
RUNS = {
    "prefill": BASE,
    "sparse": BASE.with_density(activation=0.5, weight=0.4),
    "short": dse.transformer("bert-tiny", seq_len=32),
    "long": dse.transformer("gpt2", seq_len=512).with_attention(kept=0.2),
    "decode": dse.transformer("gpt2", mode="decode", context_len=700),
}
DENSE = ("prefill", "short", "decode")
SLACK = 1 + 1e-9
# Weights lie in cells, or keys are counted by a law of reuse: what spills may be most
# of all that moves.
SPILLS_ALONE = ("buffer_kib_per_tile", "coprocessor.buffer_kib")


class Answers(NamedTuple):
    latency: Any  # of a batch
    energy: Any  # a sequence
    moved: Any  # bytes a sequence
    needed: Any
    port: Any  # bytes per second, of both ports of a pair
    peak: Any  # operations per second


def random_columns(
    draw: np.random.Generator, machine: Engine, count: int
) -> dict[str, np.ndarray]:
    """Machines with a quarter to four times the numbers of a known one, any choice."""
    columns: Columns = {}
    for name, meaning in machine.meanings().items():
        usual = machine.number(name)
        if meaning.choices:
            value = draw.integers(len(meaning.choices), size=count).astype(float)
        elif usual is None:
            continue
        else:
            value = usual * 2 ** draw.uniform(-2, 2, count)
            value = np.round(value) if meaning.integer else value
            low = -np.inf if meaning.low is None else meaning.low
            high = np.inf if meaning.high is None else meaning.high
            value = np.clip(value, low, high)
        columns[name] = value
    return columns


class Trial:
    """Random machines of one kind on one workload, of any batch.

    A batch counts what a machine works on as one: `tile_batch` sequences, or one.
    """

    def __init__(self, name: str, workload: dse.Workload, count: int) -> None:
        self.machine, self.draw = MACHINES[name], np.random.default_rng(15)
        self.columns = random_columns(self.draw, self.machine, count)
        technology = self.machine.default_technology()

        def answer(numbers: Mapping[str, Any]) -> Answers:
            fields = {n: value for n, value in numbers.items() if n != "batch"}
            run = workload.replace(batch=numbers["batch"])
            found = metrics(self.machine.replace(**fields), run, technology, "walk")
            return Answers(
                found.latency,
                found.energy,
                sum(found.off_chip_bytes.values()),
                sum(found.compulsory_bytes.values()),
                1e9 * sum(v for n, v in fields.items() if n in self.bandwidths),
                found.peak_rate,
            )

        self.bandwidths = [n for n in self.columns if n.endswith("bandwidth_gb_per_s")]
        grains = [v for n, v in self.columns.items() if n.endswith("tile_batch")]
        self.grain = grains[0] if grains else np.ones(count)
        self.program = compile_function(answer, [*self.columns, "batch"])

    def ask(self, *, batch: Any, **changes: Any) -> Answers:
        filled = self.columns | changes | {"batch": batch * self.grain}
        found: Answers = self.program.grid(filled)
        return found

    def grown(self) -> dict[str, np.ndarray]:
        """Each buffer and port up to four times as large, in all machines."""
        known = self.machine.meanings().items()
        names = [n for n, meant in known if meant.unit in ("KiB", "MiB", "GB/s")]
        owned = {name: self.columns[name] for name in names if name in self.columns}
        return {
            n: v * 2 ** self.draw.uniform(0.01, 2, len(v)) for n, v in owned.items()
        }


def check(name: str, run: str, count: int) -> None:
    workload = RUNS[run]
    trial = Trial(name, workload, count)
    answers = {batch: trial.ask(batch=batch) for batch in (1, 2, 4, 8, 12)}
    macs = float(workload.macs) if run in DENSE and len(trial.bandwidths) < 2 else 0.0
    for batch, found in answers.items():
        check_bounds(found, batch * trial.grain, macs)
    for field, larger in trial.grown().items():
        for batch in (1, 4):
            before, after = answers[batch], trial.ask(batch=batch, **{field: larger})
            assert np.all(after.moved <= before.moved * SLACK), field
            assert np.all(after.latency <= before.latency * SLACK), (field, batch)
        if field not in SPILLS_ALONE:
            less = trial.ask(batch=4, **{field: 0.99 * trial.columns[field]})
            assert np.all(less.moved <= 1.1 * answers[4].moved), field
    for less, more in ((1, 2), (1, 12), (2, 4), (4, 8), (4, 12)):
        check_batches(answers[less], answers[more], more / less)


def check_bounds(found: Answers, batch: Any, macs: float) -> None:
    """No machine is faster than its port or its multipliers."""
    seconds = found.latency * (1 + 1e-6)
    assert np.all(np.isfinite(seconds))
    assert np.all(found.needed <= found.moved * SLACK)
    assert np.all(seconds >= batch * found.moved / found.port)
    assert np.all(seconds >= batch * 2 * macs / found.peak)


def check_batches(before: Answers, after: Answers, times: float) -> None:
    """A batch is no faster than a part of it, nor slower than its parts in turn.

    Nor does it move more, or take more energy.
    """
    assert np.all(after.moved <= before.moved * SLACK)
    assert np.all(after.energy <= before.energy * SLACK)
    assert np.all(after.latency <= times * before.latency * SLACK)
    assert np.all(after.latency >= before.latency / SLACK)


@pytest.mark.parametrize("name", BY_DAY)
def test_laws_hold_for_a_hundred_random_machines(name: str) -> None:
    check(name, "prefill", 100)


@pytest.mark.nightly
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", MACHINES)
def test_laws_hold_for_thousands_of_random_machines(name: str, run: str) -> None:
    check(name, run, 3000)
