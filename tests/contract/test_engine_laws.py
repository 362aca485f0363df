"""Laws that every engine obeys. A new engine is one more line in `MACHINES`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import pytest

import dse
from dse.contract import programs, whole_runs
from dse.contract.check import LAWS, SLOW_LAWS, check_machine
from dse.contract.holds import BrokenLawError, Case, falls, hold, near, rises
from dse.engines.base import Engine
from dse.hardware import sram
from tests.known_answers.test_nm_engine import QUERY

MACHINES: dict[str, Engine] = {
    "crossbar-isaac": dse.CrossbarEngine.isaac(),
    "crossbar-neurram": dse.CrossbarEngine.neurram(),
    "crossbar-puma": dse.CrossbarEngine.puma(),
    "filter-and-host": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.FilterEngine.energon_edge()
    ),
    "nm": dse.NMEngine(),
    "nm-fpga": dse.NMEngine.sta_4(),
    "nm-tensor-core": dse.NMEngine.sparse_tensor_core(),
    "reference-a100": dse.ReferenceMachine.a100(),
    "reference-pi": dse.ReferenceMachine.raspberry_pi_4(),
    "sprint-and-host": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.SprintEngine.m_sprint()
    ),
    "tile-edge": dse.TileEngine.edge(),
    "tile-server": dse.TileEngine.server(),
    # Whole cycles have no derivative to compare with.
    "tile-simulator": dse.TileEngine.edge().replace(
        conventions=dse.SIMULATOR.replace(whole_cycles=False)
    ),
}
# Of a kind that stands in the list already: their laws are checked at night.
VARIANTS = (
    "crossbar-neurram",
    "crossbar-puma",
    "nm-fpga",
    "nm-tensor-core",
    "reference-pi",
    "tile-server",
    "tile-simulator",
)


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.nightly] if name in VARIANTS else [])
        for name in MACHINES
    ],
    scope="module",
)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(MACHINES[request.param])


@pytest.mark.parametrize("law", LAWS)
def test_law(case: Case, law: str) -> None:
    LAWS[law](case)


@pytest.mark.nightly  # minutes
@pytest.mark.parametrize("law", SLOW_LAWS)
def test_slow_law(case: Case, law: str) -> None:
    SLOW_LAWS[law](case)


def test_no_convolution_is_faster_than_the_peak(case: Case) -> None:
    whole_runs.no_machine_is_faster_than_its_peak(case, names="convolution")


def test_elasticities_of_the_nm_engine() -> None:
    programs.elasticities_are_differences(Case(MACHINES["nm"]))


@pytest.mark.parametrize("coprocessor", [dse.SprintEngine, dse.FilterEngine])
def test_no_attention_alone_is_faster_than_the_peak(
    coprocessor: type[Engine],
) -> None:
    alone = whole_runs.dense_runs()["masked"].attention_only()
    for preset in coprocessor.presets:
        found = dse.evaluate(getattr(coprocessor, preset)(), alone)
        rate, peak = float(found.effective_rate), float(found.peak_rate)
        assert 0.0 < rate <= peak * (1 + 1e-6)


def test_energy_delay_of_a_sequence_and_of_a_batch() -> None:
    case = Case(dse.TileEngine.edge())
    time = float(case.found.latency) / case.workload.batch
    alone = float(case.found.energy) * time
    assert float(case.found.energy_delay) == pytest.approx(alone, rel=1e-12)
    assert float(case.found.batch_energy_delay) == pytest.approx(
        alone * case.workload.batch**2, rel=1e-12
    )


# Each law finds the fault that it is there for.


@dse.record
class Wrong(dse.PlainEngine):
    """A machine that breaks one law, as `fault` says."""

    presets = ("usual",)

    fault: str = dse.static("what is wrong with it", default="")

    @classmethod
    def usual(cls) -> Wrong:
        return cls()

    def published_technology(self) -> dse.Technology:
        return dse.load_technology("sta")

    def peak_rate(self, technology: dse.Technology) -> Any:
        wanted = self.clock_mhz * 1e6
        return (1e3 if self.fault == "peak" else 2e15) * wanted

    def clock(self, technology: dse.Technology) -> Any:
        return 1e9 if self.fault == "clock" else self.clock_mhz * 1e6

    def array_area(self, technology: dse.Technology) -> Any:
        return -1e-3 if self.fault == "negative" else 1e-6

    def array_leakage(self, technology: dse.Technology) -> Any:
        return 1e-3

    def linear(self, op: dse.Op, run: dse.Run, technology: dse.Technology) -> dse.Stage:
        work = run.batch * op.heads * op.rows * op.inner * op.columns
        energy = {"sparse": work / (op.input_density + 1e-3)}.get(self.fault, work)
        cycles = {"work": 1e18 / work, "mixed": jnp.sum(work) / 1e3}
        stage = self.stage(
            op,
            technology,
            unit="array",
            cycles=cycles.get(self.fault, work / 1e3),
            energy=energy * 1e-12,
        )
        unpaid = {k: 0.0 * v for k, v in stage.dynamic.items() if "memory" in k}
        changes: Mapping[str, Any] = {
            "unpaid": {"dynamic": stage.dynamic | unpaid},
            "unmoved": {"moved": {k: 0.0 * v for k, v in stage.moved.items()}},
            "shape": {"busy": {"array": jnp.ones(5)}},
        }
        return stage.replace(**changes.get(self.fault, {}))

    def matmul(self, op: dse.Op, run: dse.Run, technology: dse.Technology) -> dse.Stage:
        return self.linear(op, run, technology)


BROKEN = {
    "negative": "nothing is negative",
    "peak": "no machine is faster than its peak",
    "clock": "a clock that is not reached raises no rate",
    "sparse": "sparser never costs more",
    "work": "twice the work never takes less",
    "unmoved": "each byte that is needed moves",
    "unpaid": "each byte that moves is paid for",
    "mixed": "an op costs what it costs alone",
}


# 128 x 128 values of 16 bits go in, as many weights, and as many come out, at 25.6
# GB/s: each takes 1.28 us, whatever the clock.
@pytest.mark.parametrize("clock_mhz", [350.0, 700.0])
def test_what_crosses_the_port_of_a_plain_machine_takes_the_time_of_its_bits(
    clock_mhz: float,
) -> None:
    found = dse.evaluate(Wrong(clock_mhz=clock_mhz), QUERY)
    assert float(found.op_busy["load"][0]) == pytest.approx(3 * 1.28e-6, rel=1e-5)


# A table's rows take their norm, and in each layer so do both halves; scores of two
# heads and what the FFN widens to are the rest.
def test_what_the_vector_unit_of_a_plain_machine_takes_passes_the_buffer_twice() -> (
    None
):
    found = dse.evaluate(Wrong(), dse.transformer("bert-tiny", seq_len=64, batch=3))
    layer = 2 * 64 * 128 + 2 * 64 * 64 + 64 * 512
    values = 3 * (64 * 128 + 2 * layer)
    crossed = 8 * sum(float(size) for size in found.off_chip_bytes.values())
    a_bit = sram.bit_energy(Wrong().default_technology(), Wrong().buffer_mib)
    wanted = (2 * 16 * values / 3 + crossed) * float(a_bit)
    assert float(found.dynamic_energy["buffer"]) == pytest.approx(wanted, rel=1e-6)


def test_a_machine_without_a_fault_obeys_what_the_others_break() -> None:
    laws = {name: LAWS[name] for name in BROKEN.values()}
    assert dict(check_machine(Wrong(), laws)) == dict.fromkeys(laws, "")


@pytest.mark.parametrize("fault", BROKEN)
def test_each_law_finds_its_fault(fault: str) -> None:
    laws = {BROKEN[fault]: LAWS[BROKEN[fault]]}
    [(_, said)] = check_machine(Wrong(fault=fault), laws)
    assert said


def test_numbers_that_belong_to_no_op_are_refused() -> None:
    with pytest.raises(dse.InputError, match=r"`Wrong.linear` .* `busy.array` of sh"):
        dse.evaluate(Wrong(fault="shape"), "bert-tiny")


def test_what_an_engine_raises_is_told_as_a_fault() -> None:
    elsewhere: dict[str, Any] = {}
    exec("def law(case): raise ZeroDivisionError('by 0')", elsewhere)
    laws = {"law": elsewhere["law"], "here": lambda case: 1 / 0}
    line = laws["here"].__code__.co_firstlineno
    assert dict(check_machine(Wrong(), laws)) == {
        "law": "ZeroDivisionError: by 0",
        "here": f"ZeroDivisionError at test_engine_laws.py:{line}: division by zero",
    }


def test_helpers_say_what_is_wrong() -> None:
    for broken, said in (
        (lambda: hold([True, False], "no"), "no"),
        (lambda: near([1.0, 2.0], [1.0, 2.1], "x", relative=1e-3), "x: 2, not 2.1"),
        (lambda: rises([1.0, 0.5], "x"), "x falls: 1, 0.5"),
        (lambda: falls([1.0, 1.5], "x"), "x rises: 1, 1.5"),
        (lambda: rises([1.0, float("nan")], "x"), "x: not all of 1, nan is finite"),
    ):
        with pytest.raises(BrokenLawError, match=said):
            broken()
