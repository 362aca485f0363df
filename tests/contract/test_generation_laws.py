"""A generation asked in every way, with experts: all give what `dse.evaluate` gives."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.engines.base import Engine
from tests.contract.test_word_laws import MACHINES

MIXTRAL = {
    "model_type": "mixtral",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
}
WORK = dse.generation(MIXTRAL, prompt=12, new_tokens=4, batch=3)
METRICS = (
    *("latency", "energy", "time_to_first_token", "time_per_output_token"),
    *("tokens_per_second", "energy_per_token"),
)
BY_DAY = ("tile", "nm")
NAMES = [
    pytest.param(name, marks=() if name in BY_DAY else pytest.mark.nightly)
    for name in MACHINES
]


@pytest.mark.parametrize(
    ("model", "prompt", "chunk", "new_tokens", "moved"),
    [
        ("llama-3.2-1b", 2048, None, 1, 2048),
        ("llama-3.2-1b", 2048, None, 2, 2048 + 2048 + 1),
        ("llama-3.2-1b", 2048, 512, 2, 2048 + (512 + 1024 + 1536) + 2048 + 1),
        ("deepseek-v3", 1024, None, 2, 1024 + 1024 + 1),  # latents, and no keys
        ("mistral-7b", 6144, None, 2, 4096 + 4095 + 1),  # as many as the window spans
    ],
)
def test_each_token_joins_the_cache_once_and_is_read_by_those_that_see_it(
    model: str, prompt: int, chunk: int | None, new_tokens: int, moved: int
) -> None:
    work = dse.generation(model, prompt=prompt, new_tokens=new_tokens, chunk=chunk)
    found = dse.evaluate(dse.ReferenceMachine.h200(), work, timing="roofline")
    token = dse.model_shape(model).cache_bytes_per_token("fp16")
    for bytes_by_origin in (found.off_chip_bytes, found.compulsory_bytes):
        assert float(bytes_by_origin["cache"]) == pytest.approx(moved * token)


@pytest.mark.parametrize(
    "machine",
    [
        dse.Pair(host=dse.TileEngine.edge(), coprocessor=dse.SprintEngine.m_sprint()),
        dse.CrossbarEngine.isaac(),
    ],
    ids=["sprint", "crossbar"],
)
def test_what_only_a_kind_of_machine_has_is_of_the_whole_generation(
    machine: Engine,
) -> None:
    """Bits and writes add up over its steps, and cells last as the mean write lets."""
    work = dse.generation("gpt2", prompt=64, new_tokens=9)
    alone = work.replace(steps=(), new_tokens=0)
    parts = [(1.0, alone), *((step.times, step.workload) for step in work.steps)]
    found = [(times, dse.evaluate(machine, each)) for times, each in parts]
    whole = dse.evaluate(machine, work).extras
    for name, value in whole.items():
        each = [(times, one.extras[name], one.latency) for times, one in found]
        if name.endswith(("_mbit", "_per_cell")):
            wanted = sum(times * extra for times, extra, _ in each)
        elif name.endswith("lifetime_years"):
            worn = sum(times * seconds / extra for times, extra, seconds in each)
            wanted = sum(times * seconds for times, _, seconds in each) / worn
        else:
            wanted = sum(t * extra for t, extra, _ in each) / sum(t for t, *_ in each)
        assert float(value) == pytest.approx(float(wanted), rel=1e-6), name


def axis_of(machine: Engine) -> str:
    """Return a number of a machine that any may vary: its bandwidth, or its clock."""
    numbers = machine.meanings()
    return next(
        (name for name in numbers if name.endswith("memory_bandwidth_gb_per_s")),
        "clock_mhz",
    )


@pytest.mark.parametrize("name", NAMES)
def test_sweeps_tables_and_fronts_answer_as_an_evaluation_does(name: str) -> None:
    machine = MACHINES[name]
    axis = axis_of(machine)
    values = float(machine.number(axis)) * np.asarray([0.5, 1.0])
    space = dse.Space(machine, **{axis: values.tolist()})
    each = [dse.evaluate(space.at(place), WORK) for place in range(2)]
    wanted = {m: [float(getattr(found, m)) for found in each] for m in METRICS}
    runs = dse.sweep(space, WORK, buildable=False, progress=False)
    table = dse.compile_model(
        machine, WORK, over=[axis], precision="double", backend="numpy"
    )
    rows = table({axis: values})
    for metric in METRICS:
        assert runs.metrics[metric] == pytest.approx(wanted[metric], rel=1e-9), metric
        assert rows[metric] == pytest.approx(wanted[metric], rel=1e-9), metric
    goals = ("max:tokens_per_second", "min:energy_per_token")
    costs = [[-each.tokens_per_second, each.energy_per_token] for each in each]
    beaten = [
        np.all(np.asarray(costs[1 - i]) <= np.asarray(costs[i])) for i in range(2)
    ]
    front = dse.pareto(runs, *goals, buildable=False)
    assert sorted(front.index) == [i for i in range(2) if not beaten[i]]


@pytest.mark.nightly
@pytest.mark.parametrize("name", MACHINES)
def test_slopes_of_a_generation_are_those_of_its_differences(name: str) -> None:
    machine = MACHINES[name]
    axis = axis_of(machine)
    value = float(machine.number(axis))
    ends = [
        float(dse.evaluate(machine.replace(**{axis: v}), WORK).energy_per_token)
        for v in (0.99999 * value, 1.00001 * value)
    ]
    slope = float(dse.gradient(machine, WORK, "energy_per_token").number(axis))
    assert slope == pytest.approx((ends[1] - ends[0]) / (0.00002 * value), rel=1e-3)


def test_tokens_a_second_rise_with_the_batch_until_arithmetic_binds() -> None:
    """Weights come once a step, products as often as there are sequences.

    A step of b sequences takes max(W bits / (8 B), 2 W b / P) for W weights, bandwidth
    B and peak P: memory binds below b = P bits / (16 B), arithmetic above it.
    """
    card = dse.ReferenceMachine.a100().replace(
        efficiency=1.0,
        tile=1.0,
        overhead_us=0.0,
        read_efficiency=1.0,
        copy_efficiency=1.0,
    )
    peak = float(card.peak_tops) * 1e12
    bandwidth = float(card.memory_bandwidth_gb_per_s) * 1e9
    step = dse.transformer("llama-3-8b", mode="decode", context_len=1)
    weights = step.weights
    for form, bits in (("w16a16", 16), ("w8a16", 8)):
        crossing = peak * bits / (16 * bandwidth)
        for share in (0.25, 0.9, 1.1, 4.0):
            batch = round(share * crossing)
            run = step.replace(batch=batch, format=form)
            bound = min(batch * 8 * bandwidth / (weights * bits), peak / (2 * weights))
            found = float(dse.evaluate(card, run).throughput)
            assert found == pytest.approx(bound, rel=0.02), (form, share)
