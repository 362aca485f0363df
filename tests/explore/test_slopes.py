"""Slopes of metrics: those of the compiled model, whoever asks for them and how."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.explore import slopes

EDGE = dse.TileEngine.edge()
SPRINT = dse.SprintEngine.m_sprint()
BERT = dse.transformer("bert-tiny", seq_len=32).with_density(activation=0.5)
MACHINES = {
    "tile": (EDGE, BERT),
    "nm": (dse.NMEngine.sta_4(), BERT),
    "sprint": (SPRINT, BERT.attention_only()),
    "pair": (dse.Pair(host=EDGE, coprocessor=SPRINT), BERT),
}


def log_energy(design: Any, workload: Any = BERT, technology: Any = None) -> Any:
    return jnp.log(dse.evaluate(design, workload, technology=technology).energy)


@pytest.mark.parametrize("name", MACHINES)
def test_a_gradient_is_that_of_the_compiled_model(name: str) -> None:
    design, workload = MACHINES[name]
    metric = "energy_delay" if name == "nm" else "latency"
    found = dse.gradient(design, workload, metric)
    assert jax.tree.structure(found) == jax.tree.structure(design)
    table = {field: float(design.number(field)) for field in design.meanings()}
    backend: Any = "llvm" if name == "tile" else "numpy"
    model = dse.compile_model(design, workload, precision="double", backend=backend)
    value, wanted = model.value_and_gradient(metric, table)
    for field, number in table.items():
        # In per cent a per cent: some fields do nothing but for rounding.
        ours, theirs = (
            slope * number / value[0]
            for slope in (found.number(field), wanted[field][0])
        )
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12), field


def test_jax_asks_for_the_same_slopes_by_design_workload_and_technology() -> None:
    technology = EDGE.default_technology()
    dse.compile_model(EDGE, BERT).code()  # leaves JAX no array in float64
    by_design, by_workload, by_technology = jax.grad(log_energy, argnums=(0, 1, 2))(
        EDGE, BERT, technology
    )
    energy = float(dse.evaluate(EDGE, BERT).energy)
    wanted = jax.tree.leaves(dse.gradient(EDGE, BERT, "energy"))
    for found, slope in zip(jax.tree.leaves(by_design), wanted, strict=True):
        assert float(found) == pytest.approx(slope / energy, rel=1e-5)
    # Energy is linear in what an access takes: its elasticity is a difference, too.
    key = "weight_buffer.access_energy"
    more = technology.replace(values=technology.values | {key: 1.01 * technology[key]})
    energies = [
        dse.evaluate(EDGE, BERT, technology=t).energy for t in (technology, more)
    ]
    step = float(energies[1] - energies[0]) / (0.01 * technology[key]) / energy
    assert float(by_technology[key]) == pytest.approx(step, rel=1e-5)
    assert float(by_workload.blocks[1].ops.input_density.sum()) > 0
    slopes_found = jax.tree.leaves((by_design, by_workload, by_technology))
    assert {slope.dtype for slope in slopes_found} == {jnp.dtype("float32")}


def test_forwards_backwards_and_mapped_they_are_the_same() -> None:
    def latency(pes: Any) -> Any:
        machine = EDGE.replace(pes=pes)
        return dse.evaluate(machine, BERT, timing="roofline").latency

    wanted = float(dse.gradient(EDGE, BERT, "latency", timing="roofline").pes)
    value, pushed = jax.jvp(latency, (64.0,), (2.0,))
    assert float(value) == pytest.approx(float(latency(64.0)), rel=1e-6)
    assert float(pushed) == pytest.approx(2 * wanted, rel=1e-5)
    assert float(jax.grad(latency)(64.0)) == pytest.approx(wanted, rel=1e-5)
    assert float(jax.jacrev(latency)(64.0)) == pytest.approx(wanted, rel=1e-5)
    followed = jax.jit(jax.vmap(jax.grad(latency)))(jnp.asarray([64.0, 128.0]))
    alone = [jax.grad(latency)(pes) for pes in (64.0, 128.0)]
    np.testing.assert_allclose(followed, alone, rtol=1e-4)


def test_a_second_question_of_the_same_form_traces_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("the model was traced again")

    first = jax.grad(log_energy)(EDGE)
    monkeypatch.setattr(slopes, "metrics", refuse)
    again = jax.grad(log_energy)(EDGE.replace(pes=128))
    assert float(again.pes) != float(first.pes)
    assert dse.gradient(EDGE.replace(pes=128), BERT, "energy").pes != 0


def test_slopes_are_printed_as_what_they_are() -> None:
    design, workload = MACHINES["pair"]
    found = dse.gradient(design, workload, "energy")
    text = repr(found)
    assert text.startswith("Slopes of energy by each number of a Pair")
    bandwidth = text.partition("host.memory_bandwidth")[2].partition("host.issue")[0]
    assert "J per" in bandwidth  # a cell may go over two lines
    assert "GB/s" in bandwidth
    assert "host.main_memory" not in text  # a choice has no slope
    assert repr(found.host).startswith("Slopes of energy by each number of a Tile")
    assert repr(design.host) == repr(EDGE)


def test_what_has_no_slope_is_refused() -> None:
    with pytest.raises(dse.InputError, match="Did you mean `energy`"):
        dse.gradient(EDGE, BERT, "enrgy")
    with pytest.raises(dse.InputError, match="measured curve"):
        dse.gradient(EDGE, BERT, "accuracy_drop")
