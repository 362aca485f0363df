"""Words of any width, over every engine: what a format moves, costs and cannot do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dse
from dse.engines.base import Engine
from dse.errors import InputError

EDGE = dse.TileEngine.edge()
MACHINES: dict[str, Engine] = {
    "crossbar": dse.CrossbarEngine.isaac(),
    "filter-and-host": dse.Pair(host=EDGE, coprocessor=dse.FilterEngine.energon_edge()),
    "nm": dse.NMEngine(value_format="int16"),
    "nm-tensor-core": dse.NMEngine.sparse_tensor_core(),
    "reference": dse.ReferenceMachine.a100(),
    "sprint-and-host": dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_baseline()),
    "tile": EDGE,
}
OWN = {"tile": 20}  # bits of a word; others 16
LLAMA = {
    "model_type": "llama",
    "hidden_size": 512,
    "intermediate_size": 1024,
    "num_attention_heads": 32,
    "num_hidden_layers": 3,
    "num_key_value_heads": 8,
    "vocab_size": 1000,
}
READ = dse.transformer(LLAMA, seq_len=48, batch=3)
STEP = dse.transformer(LLAMA, mode="decode", context_len=300, batch=3)


@pytest.fixture(params=MACHINES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def costs(machine: Engine, workload: dse.Workload) -> np.ndarray[Any, Any]:
    found = dse.evaluate(machine, workload)
    moved = sum(found.off_chip_bytes.values())
    return np.asarray([moved, found.latency, found.energy], float)


@pytest.mark.parametrize(
    "workload",
    [pytest.param(READ, marks=pytest.mark.nightly), STEP],
    ids=["prefill", "decode"],
)
@pytest.mark.parametrize(
    ("machine", "form"),
    [
        pytest.param(
            name, form, marks=[] if number % 3 == place else [pytest.mark.nightly]
        )
        for number, name in enumerate(MACHINES)
        for place, form in enumerate(("w4a8", "w8a4kv8", "w8a8kv4"))
    ],
)
def test_half_the_bits_never_cost_more(
    machine: str, form: str, workload: dse.Workload
) -> None:
    """By day of one kind of values on each machine, of each kind on some."""
    wide = costs(MACHINES[machine], workload.with_format("w8a8"))
    narrow = costs(MACHINES[machine], workload.with_format(form))
    assert np.all(narrow <= wide * (1 + 1e-9))
    if workload is STEP:
        assert narrow[0] < wide[0]


def test_a_format_as_wide_as_its_own_words_changes_nothing(name: str) -> None:
    bits = OWN.get(name, 16)
    if not isinstance(MACHINES[name], dse.Pair):  # whose machines have two widths
        told = costs(MACHINES[name], STEP.with_format(f"w{bits}a{bits}"))
        assert told == pytest.approx(costs(MACHINES[name], STEP), rel=1e-12)


@pytest.mark.parametrize(("form", "bits"), [("int8", 8), ("w8a8 kv4", 4)])
def test_a_token_of_context_takes_its_values_in_bits_of_the_cache(
    name: str, form: str, bits: float
) -> None:
    # SPRINT goes through the keys once for each of the queries that share them.
    heads = 32 if name == "sprint-and-host" else 8
    config = LLAMA | {"num_key_value_heads": heads}
    near, far = (
        dse.evaluate(
            MACHINES[name],
            dse.transformer(config, mode="decode", context_len=n, format=form),
        ).off_chip_bytes["cache"]
        for n in (1000, 3000)
    )
    each = float(far - near) / 2000
    assert each == pytest.approx(2 * 3 * heads * 16 * bits / 8, rel=1e-9)
    assert each == pytest.approx(dse.model_shape(config).cache_bytes_per_token(form))


@pytest.mark.parametrize("form", ["bf16", "int8", "w4a16", "int4 g128", "mxfp4"])
def test_compulsory_weights_are_those_of_the_model_in_the_format(form: str) -> None:
    # Without masks and positions, a value takes what the format says.
    work = dse.transformer(
        LLAMA | {"vocab_size": 1}, mode="decode", context_len=9, format=form
    )
    found = dse.evaluate(dse.ReferenceMachine.a100(), work).compulsory_bytes["weights"]
    shape = dse.model_shape(LLAMA | {"vocab_size": 1})
    norms_and_tables = shape.parameters + shape.head_parameters - work.weights
    share = 1 - norms_and_tables / (shape.parameters + shape.head_parameters)
    assert float(found) == pytest.approx(share * shape.weight_bytes(form), rel=1e-12)


def test_shorter_words_take_fewer_cells_and_pulses() -> None:
    machine = MACHINES["crossbar"]
    wide, narrow = (
        dse.evaluate(machine, READ.with_format(each)) for each in ("w16a16", "w4a8")
    )
    # 2 of 8 columns of cells, and 8 of 16 pulses; the rest of the machine is the same.
    assert float(narrow.dynamic_energy["cells"]) == pytest.approx(
        float(wide.dynamic_energy["cells"]) / 8, rel=0.35
    )
    assert float(narrow.peak_rate) > 7 * float(wide.peak_rate)
    assert float(narrow.area) == float(wide.area)


@pytest.mark.parametrize(
    ("machine", "form", "message"),
    [
        (
            dse.NMEngine(),
            "w4a16",
            "words of 8 bits .* activations and cached values",
        ),
        (dse.NMEngine(), "fp8", "weights and activations and cached values of 19 bits"),
        (MACHINES["reference"], "fp32", "words of 16 bits.* take `bf16`, `fp8`"),
        (MACHINES["tile"], "bf16", "fixed point, and .* of 262 bits; take `fp8`"),
        (MACHINES["sprint-and-host"], "w4a16", "`SprintEngine` computes words of 8"),
        (EDGE.replace(conventions=dse.SIMULATOR), "int8", "takes? every word for a"),
    ],
)
def test_words_that_cannot_be_computed_are_refused_with_those_that_can(
    machine: Engine, form: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        dse.evaluate(machine, STEP.with_format(form))


def test_a_space_is_refused_where_a_machine_of_it_is() -> None:
    space = dse.Space(dse.NMEngine(), value_format=["int16", "int8"])
    with pytest.raises(InputError, match="words of 8 bits"):
        dse.sweep(space, STEP.with_format("w4a16"), progress=False)
    runs = dse.sweep(space, STEP.with_format("w4a8"), progress=False)
    assert len(runs) == 2
    assert runs.basis.to_json()["workloads"][0]["format"] == "w4a8"


def test_what_short_words_cost_in_accuracy_is_not_known() -> None:
    for form, drop in (("w16a16", 0.0), ("int8", 0.0), ("w4a16", np.nan)):
        found = dse.evaluate(MACHINES["tile"], READ.with_format(form))
        assert np.array_equal(float(found.accuracy_drop), drop, equal_nan=True)
    with_floats = dse.evaluate(MACHINES["reference"], READ.with_format("fp8"))
    assert np.isnan(float(with_floats.accuracy_drop))
    assert "short floating-point words" in with_floats.unknown[0]


def test_a_generation_is_in_one_format() -> None:
    work = dse.generation(LLAMA, prompt=8, new_tokens=4, format="w4a16")
    assert {step.workload.format for step in work.steps} == {work.format} == {"w4a16"}
    assert {step.workload.format for step in work.with_format(None).steps} == {None}
    with pytest.raises(InputError, match="`format` 'w4b16' has the word"):
        work.with_format("w4b16")
